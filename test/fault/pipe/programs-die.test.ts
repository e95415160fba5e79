/** Kills programs in the middle of what they say to each other over a socket, and where they take a socket's path. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { Client, EndOfFileError, Listener, type Connection } from "manyhands";
import { startProgram, type Program } from "../../conformance/pipe/programs.js";
import { findPoints } from "../memory/random-kills.js";

const patience = { timeout: 60_000 };
const folder = mkdtempSync(join(tmpdir(), "mh-"));
const path = join(folder, "socket");
after(() => rmSync(folder, { recursive: true }));

const points = findPoints(["pipe/handshake.ts", "pipe/socket-path.ts", "pipe/socket-transport.ts"]);
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(path, { force: true });
});

function run(action: string, argument: unknown, death: { killPoint?: string; skip?: number } = {}): Program {
  const program = startProgram(action, argument, death);
  closing.push(() => program.stop());
  return program;
}

async function listen(): Promise<Listener> {
  const listener = await Listener.listen(path, { authKey: "k" });
  closing.push(() => listener.close());
  return listener;
}

/** That a listener serves a client, after whatever has happened. */
async function assertServes(listener: Listener): Promise<void> {
  const [there, here] = await Promise.all([listener.accept(patience), Client(path, { authKey: "k" })]);
  await here.send("hello");
  assert.equal(await there.recv(patience), "hello");
  here.close();
  there.close();
}

test("there are points to be killed at", () => {
  assert.ok(points.length >= 9, points.join());
});

for (const point of points.filter((name) => name.startsWith("listener."))) {
  test(`the next listener takes the path after one was killed at ${point}`, async () => {
    if (point.includes("dead")) {
      const first = run("listen and end", { address: path });
      await first.line();
      first.process.kill("SIGKILL");
      await first.ended;
    }
    const victim = run("listen and end", { address: path }, { killPoint: point });
    assert.equal(await victim.ended, "SIGKILL");
    const listener = await listen();
    await assertServes(listener);
    assert.deepEqual(readdirSync(folder), ["socket"]);
    listener.close();
    assert.deepEqual(readdirSync(folder), []);
  });
}

for (const point of ["handshake.proved", "handshake.convinced"]) {
  test(`a listener goes on after a client was killed at ${point}`, async () => {
    const listener = await listen();
    const accepting = listener.accept(patience);
    const victim = run("try", { address: path, authKey: "k" }, { killPoint: point });
    assert.equal(await victim.ended, "SIGKILL");
    const client = await Client(path, { authKey: "k" });
    (await accepting).close();
    client.close();
    await assertServes(listener);
  });
}

for (const point of ["handshake.offered", "handshake.judged"]) {
  test(`a client ends after the listener was killed at ${point}`, async () => {
    const victim = run("accept", { address: path, authKey: "k" }, { killPoint: point });
    await victim.line();
    const outcome = await Client(path, { authKey: "k" }).then(
      (connection) => connection.recv(patience).catch((error: unknown) => error),
      (error: unknown) => error,
    );
    assert.ok(outcome instanceof Error);
    assert.match(String((outcome as { code?: string }).code), /^(ERR_CLOSED|ERR_END_OF_FILE|ECONNRESET|EPIPE)$/);
    assert.equal(await victim.ended, "SIGKILL");
    await assertServes(await listen());
  });
}

test("of a message that was cut off nothing arrives, and the end says so; the messages before it do", async () => {
  const listener = await listen();
  const victim = run("flood", { address: path, authKey: "k", count: 4, sizeBytes: 8 << 20 }, { killPoint: "socket.writing", skip: 2 });
  const connection = (await listener.accept(patience)) as Connection<Uint8Array>;
  for (const number of [0, 1]) assert.ok((await connection.recv(patience)).every((byte) => byte === number));
  await assert.rejects(connection.recv(patience), (error) => error instanceof EndOfFileError && /middle of a message/.test(error.message));
  await assert.rejects(connection.recv(patience), EndOfFileError);
  await assert.rejects(connection.send(new Uint8Array(1)), { code: "ERR_CLOSED" });
  await assert.rejects(async () => {
    for await (const message of connection) assert.fail(String(message));
  }, EndOfFileError);
  assert.equal(await victim.ended, "SIGKILL");
  connection.close();
});

test("what a killed program had sent is received, even after a write to it has failed", async () => {
  const listener = await listen();
  const victim = run("count", { address: path, authKey: "k", count: 1000 });
  const connection = await listener.accept(patience);
  assert.equal(await victim.line(), "sent");
  // It reads nothing: this fills the socket.
  const sending = (async () => {
    for (;;) await connection.send("x".repeat(10_000));
  })().catch((error: unknown) => error);
  victim.process.kill("SIGKILL");
  assert.equal(((await sending) as { code?: string }).code, "ERR_CLOSED");
  for (let number = 0; number < 1000; number++) assert.equal(await connection.recv(patience), number);
  await assert.rejects(connection.recv(patience), EndOfFileError);
  await victim.ended;
  connection.close();
});

test("recv(), poll(), and a send() without room end when the other program is killed", async () => {
  const listener = await listen();
  for (const waiting of [
    (connection: Connection) => assert.rejects(connection.recv(), EndOfFileError),
    async (connection: Connection) => assert.equal(await connection.poll({ timeout: Infinity }), true),
    (connection: Connection) =>
      assert.rejects(
        connection.send(new Uint8Array(64 << 20)).then(() => connection.send(1)),
        { code: "ERR_CLOSED" },
      ),
  ]) {
    const victim = run("count", { address: path, authKey: "k" });
    const connection = await listener.accept(patience);
    await victim.line();
    const ended = waiting(connection);
    victim.process.kill("SIGKILL");
    await ended;
    await victim.ended;
    connection.close();
  }
});

test("a client that was stopped in the handshake is given up by the listener, and the other way round", async () => {
  const listener = await Listener.listen(path, { handshakeTimeout: 300 });
  closing.push(() => listener.close());
  const silent = connect(path);
  const left = new Promise((resolve) => silent.once("close", resolve));
  silent.on("error", () => {}).resume();
  await left;

  const deaf = createServer(() => {});
  const deafPath = join(folder, "deaf");
  deaf.listen(deafPath);
  closing.push(() => deaf.close());
  await assert.rejects(Client(deafPath, { timeout: 300 }), { code: "ERR_TIMEOUT" });
});

test("a listener at a path of its own leaves nothing when it is killed, once the next program has begun", async () => {
  const victim = run("accept", {});
  const { address } = await victim.line();
  assert.equal(existsSync(address), true);
  victim.process.kill("SIGKILL");
  await victim.ended;
  const next = run("accept", {});
  await next.line();
  assert.equal(existsSync(address), false);
});
