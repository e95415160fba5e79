import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, suite, test } from "node:test";
import {
  AuthenticationError,
  BufferTooShortError,
  Client,
  ClosedError,
  DecodeError,
  EncodeError,
  EndOfFileError,
  Listener,
  Lock,
  Pipe,
  SharedArray,
  type SharedMemory,
  StateError,
  TimeoutError,
  UnsupportedError,
  wait,
  type Address,
  type Connection,
  type ListenerOptions,
} from "manyhands";
import { patience } from "../sync/backends.js";
import { startProgram, type Program } from "./programs.js";

const folder = mkdtempSync(join(tmpdir(), "mh-"));
after(() => rmSync(folder, { recursive: true }));
let lastPath = 0;
const newPath = (): string => join(folder, `s${++lastPath}`);

const kinds: Readonly<Record<string, () => Address | undefined>> = {
  "its own path": () => undefined,
  "a path": newPath,
  "a name without a file": () => `\0manyhands-test-${process.pid}-${++lastPath}`,
  "host and port": () => ({ port: 0 }),
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(address?: Address, options?: ListenerOptions): Promise<Listener> {
  const listener = await Listener.listen(address, options);
  closing.push(() => listener.close());
  return listener;
}

/** A socket that is connected, and nothing more. */
async function sayNothing(address: Address): Promise<Socket> {
  const silent = typeof address === "string" ? connect(address) : connect({ port: address.port });
  closing.push(() => silent.destroy());
  silent.on("error", () => {}).resume();
  await once(silent, "connect");
  return silent;
}

async function pair(address?: Address, options?: ListenerOptions): Promise<[Connection, Connection]> {
  const listener = await listen(address, options);
  const key = options?.authKey === undefined ? {} : { authKey: options.authKey };
  const [there, here] = await Promise.all([listener.accept(), Client(listener.address, key)]);
  closing.push(() => here.close());
  closing.push(() => there.close());
  return [here, there];
}

function run(action: string, argument: unknown): Program {
  const program = startProgram(action, argument);
  closing.push(() => program.stop());
  return program;
}

for (const [kind, address] of Object.entries(kinds)) {
  suite(`Listener at ${kind}`, { timeout: 120_000 }, () => {
    test("values of all kinds and sizes go there and back, in order", async () => {
      const [here, there] = await pair(address());
      const values = [
        0,
        -0,
        NaN,
        "",
        "ä\ud800",
        null,
        undefined,
        12n,
        new Date(5),
        /x/g,
        new Map([[1, new Set([2])]]),
        Object.assign([1], { 2: 3 }),
        new Error("e"),
      ];
      const sending = (async () => {
        for (const value of values) await here.send(value);
        await here.send("x".repeat(3_000_000));
        await here.send({ list: Array.from({ length: 100_000 }, (_, index) => index / 3), big: new Float64Array(1 << 18).fill(1.5) });
      })();
      for (const value of values) assert.deepEqual(await there.recv(patience), value);
      assert.equal(((await there.recv(patience)) as string).length, 3_000_000);
      const { list, big } = (await there.recv(patience)) as { list: number[]; big: Float64Array };
      assert.equal(list[99_999], 33_333);
      assert.ok(big.length === 1 << 18 && big.every((x) => x === 1.5));
      await sending;
    });

    test("byte messages keep their bounds; poll() and wait() consume nothing; one of no bytes is a message", async () => {
      const [here, there] = await pair(address());
      for (const size of [0, 1, 100_000, 3_000_000, 0]) void here.sendBytes(new Uint8Array(size).fill(size % 251)).catch(() => {});
      for (const size of [0, 1, 100_000, 3_000_000, 0]) {
        assert.equal(await there.poll(patience), true);
        assert.equal(await there.poll(), true);
        assert.deepEqual(await wait([there]), [there]);
        const bytes = await there.recvBytes();
        assert.equal(bytes.length, size);
        assert.ok(bytes.every((byte) => byte === size % 251));
      }
      assert.equal(await there.poll(), false);
    });

    test("recvBytesInto() that does not fit hands the message out, and the connection stays usable", async () => {
      const [here, there] = await pair(address());
      await here.sendBytes(new Uint8Array([1, 2, 3]));
      await here.sendBytes(new Uint8Array([4, 5]));
      const buffer = new Uint8Array(4);
      await assert.rejects(
        there.recvBytesInto(buffer, { offset: 2 }),
        (error) => error instanceof BufferTooShortError && error.bytes[2] === 3,
      );
      assert.equal(await there.recvBytesInto(buffer, { offset: 2 }), 2);
      assert.deepEqual([...buffer], [0, 0, 4, 5]);
      await here.sendBytes(new Uint8Array(9));
      await assert.rejects(there.recvBytes({ maxLength: 8 }), RangeError);
      assert.deepEqual([there.readable, there.writable], [false, true]);
    });

    test("what was sent before the end is received, then the end at every call", async () => {
      const [here, there] = await pair(address());
      await here.send("x");
      await here.sendBytes(new Uint8Array(2_000_000));
      here.close();
      here.close();
      assert.equal(await there.recv(patience), "x");
      assert.equal((await there.recvBytes(patience)).length, 2_000_000);
      assert.equal(await there.poll(patience), true);
      await assert.rejects(there.recv(patience), EndOfFileError);
      await assert.rejects(there.recv(patience), EndOfFileError);
      assert.throws(() => there.tryRecv(), EndOfFileError);
      assert.equal(await there.poll(), true);
      await assert.rejects(there.send(1), ClosedError);
      await assert.rejects(here.recv(), ClosedError);
      await assert.rejects(here.send(1), ClosedError);
      await assert.rejects(wait([here]), ClosedError);
    });

    test("another program sends and receives", async () => {
      const program = run("echo", { address: address(), authKey: "k" });
      const { address: where } = await program.line();
      using connection = await Client(where, { authKey: "k" });
      for (const value of [1, "two", { three: [3] }, new Uint8Array(2_000_000).fill(5)]) {
        await connection.send(value);
        assert.deepEqual(await connection.recv(patience), value);
      }
      const factor = 3;
      class Point {
        readonly x: number;
        constructor(x: number) {
          this.x = x;
        }
        double(): number {
          return this.x * 2;
        }
      }
      await connection.send([(x: number) => x * factor, new Point(4)]);
      const [fn, point] = (await connection.recv(patience)) as [(x: number) => number, Point];
      assert.deepEqual([fn(5), point.double()], [15, 8]);
    });

    test("wrong keys are refused with an AuthenticationError on both sides, and the listener goes on", async () => {
      const listener = await listen(address(), { authKey: "right" });
      for (const options of [{ authKey: "wrong" }, {}, { authKey: new Uint8Array([1]) }]) {
        const [accepted, connected] = await Promise.allSettled([listener.accept(patience), Client(listener.address, options)]);
        assert.ok(accepted.status === "rejected" && accepted.reason instanceof AuthenticationError);
        assert.ok(connected.status === "rejected" && connected.reason instanceof AuthenticationError);
      }
      // Also of those that came while nobody was in accept().
      await assert.rejects(Client(listener.address, { authKey: "wrong" }), AuthenticationError);
      await assert.rejects(listener.accept(patience), AuthenticationError);
      assert.equal(listener.lastAccepted, undefined);
      const [accepted] = await Promise.all([listener.accept(patience), Client(listener.address, { authKey: Buffer.from("right") })]);
      accepted.close();
      assert.notEqual(listener.lastAccepted, undefined);
    });

    test("a client with a key goes to no listener without it", async () => {
      const listener = await listen(address());
      const [accepted, connected] = await Promise.allSettled([listener.accept(patience), Client(listener.address, { authKey: "k" })]);
      assert.ok(accepted.status === "rejected" && accepted.reason instanceof AuthenticationError);
      assert.ok(connected.status === "rejected" && connected.reason instanceof AuthenticationError);
    });

    test("a client that says nothing holds up no other", async () => {
      const listener = await listen(address());
      await sayNothing(listener.address);
      const [accepted] = await Promise.all([listener.accept(patience), Client(listener.address, patience)]);
      accepted.close();
    });

    test("a client that says nothing is let go when its time is over, and nobody hears of it", async () => {
      const listener = await listen(address(), { handshakeTimeout: 50 });
      const silent = await sayNothing(listener.address);
      await new Promise((resolve) => silent.once("close", resolve));
      await assert.rejects(listener.accept({ timeout: 1 }), TimeoutError);
    });

    test("strangers who speak something else are refused, whatever they say", async () => {
      const listener = await listen(address(), { authKey: "k" });
      const { address: where } = listener;
      for (const words of [
        "GET / HTTP/1.1\r\n\r\n",
        "manyhands\0\u0001\u0001short",
        "x".repeat(1_000_000),
        "manyhands\0\u0009" + "y".repeat(70),
      ]) {
        const stranger = typeof where === "string" ? connect(where) : connect({ ...where, port: where.port });
        stranger.on("error", () => {});
        stranger.resume();
        const left = new Promise((resolve) => stranger.once("close", resolve));
        stranger.end(words);
        await left;
        if (words.includes("short")) continue;
        await assert.rejects(listener.accept(patience), AuthenticationError);
      }
      const [accepted] = await Promise.all([listener.accept(patience), Client(where, { authKey: "k" })]);
      accepted.close();
    });

    test("close() ends accept() and iterations, frees the address, and leaves accepted connections alone", async () => {
      const listener = await listen(address());
      const { address: where } = listener;
      const [there, here] = await Promise.all([listener.accept(), Client(where)]);
      const unaccepted = await Client(where);
      const accepting = (async () => {
        for await (const connection of listener) closing.push(() => connection.close());
      })();
      const waiting = wait([listener], patience);
      listener.close();
      listener.close();
      await accepting;
      await waiting;
      assert.equal(listener.closed, true);
      await assert.rejects(listener.accept(), ClosedError);
      await assert.rejects(wait([listener]), ClosedError);
      await assert.rejects(Client(where), (error) => error instanceof StateError && /Is the listener running/.test(error.message));
      if (typeof where === "string" && !where.startsWith("\0")) assert.equal(existsSync(where), false);
      await here.send(1);
      assert.equal(await there.recv(patience), 1);
      for (const connection of [here, there, unaccepted]) connection.close();
      (await Listener.listen(where)).close();
    });

    test("an address in use is refused, and stays with whoever has it", async () => {
      const listener = await listen(address());
      const { address: where } = listener;
      await assert.rejects(Listener.listen(where), (error) => error instanceof StateError && /somebody listens there/.test(error.message));
      const [accepted] = await Promise.all([listener.accept(patience), Client(where)]);
      accepted.close();
    });

    test("wait() finds listeners with somebody to accept, and takes nothing", async () => {
      const listener = await listen(address());
      assert.deepEqual(await wait([listener], { timeout: 0 }), []);
      const waiting = wait([listener, new Promise(() => {})], patience);
      const client = await Client(listener.address);
      closing.push(() => client.close());
      assert.deepEqual(await waiting, [listener]);
      assert.deepEqual(await wait([listener]), [listener]);
      (await listener.accept({ timeout: 0 })).close();
      assert.deepEqual(await wait([listener], { timeout: 0 }), []);
    });
  });
}

suite("Listener", { timeout: 120_000 }, () => {
  test("accept() and Client() end with their time and their signal", async () => {
    const listener = await listen();
    await assert.rejects(listener.accept({ timeout: 5 }), TimeoutError);
    const controller = new AbortController();
    const accepting = listener.accept({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(accepting, /enough/);
    await assert.rejects(Client(listener.address, { signal: AbortSignal.abort(new Error("before")) }), /before/);

    const path = newPath();
    const deaf = createServer().listen(path);
    closing.push(() => deaf.close());
    await once(deaf, "listening");
    await assert.rejects(Client(path, { timeout: 30 }), TimeoutError);
    const connecting = Client(path, { signal: AbortSignal.timeout(30), timeout: Infinity });
    await assert.rejects(connecting, { name: "TimeoutError" });
  });

  test("a server that is no listener is refused", async () => {
    for (const words of ["SSH-2.0-x\r\n", "y".repeat(1_000_000)]) {
      const path = newPath();
      const server = createServer((socket) => socket.on("error", () => {}).end(words)).listen(path);
      closing.push(() => server.close());
      await once(server, "listening");
      await assert.rejects(Client(path), { code: words.startsWith("SSH") ? /ERR_(AUTHENTICATION|CLOSED)/ : "ERR_AUTHENTICATION" });
    }
  });

  test("a listener that proves nothing gets nothing from a client with a key", async () => {
    const path = newPath();
    const heard: Buffer[] = [];
    const hello = Buffer.concat([Buffer.from("manyhands\0\u0001\u0001"), Buffer.alloc(32)]);
    const server = createServer((socket) => {
      socket.on("error", () => {}).on("data", (chunk) => heard.push(chunk));
      socket.write(hello);
      socket.write(Buffer.concat([Buffer.from([1]), Buffer.alloc(32)]));
    }).listen(path);
    closing.push(() => server.close());
    await once(server, "listening");
    await assert.rejects(
      Client(path, { authKey: "k" }),
      (error) => error instanceof AuthenticationError && /could not prove/.test(error.message),
    );
    assert.ok(heard.reduce((sum, chunk) => sum + chunk.length, 0) <= 77);
  });

  test("more clients than the backlog allows are told so", async () => {
    const listener = await listen(undefined, { backlog: 2 });
    const waiting = [await Client(listener.address), await Client(listener.address)];
    await assert.rejects(Client(listener.address), (error) => error instanceof ClosedError && /backlog/.test(error.message));
    (await listener.accept(patience)).close();
    waiting.push(await Client(listener.address));
    for (const connection of waiting) connection.close();
  });

  test("functions and classes travel only with a key, and are not made of what comes without one", async () => {
    const [here, there] = await pair();
    await assert.rejects(here.send({ call: () => 1 }), (error) => error instanceof EncodeError && error.path === "value.call");
    await assert.rejects(here.send(class Stranger {}), /authKey/);
    await here.send("still usable");
    assert.equal(await there.recv(patience), "still usable");

    const path = newPath();
    const listener = await listen(path, { authKey: "k" });
    const [trusting, trusted] = await Promise.all([listener.accept(), Client(path, { authKey: "k" })]);
    closing.push(() => [trusting, trusted].forEach((connection) => connection.close()));
    await trusted.send((x: number) => x + 1);
    assert.equal(((await trusting.recv(patience)) as (x: number) => number)(1), 2);
  });

  test("a function's bytes are refused by whoever has not asked for a key", async () => {
    const { messageCodec } = await import("#lib/ship/codec.js");
    const { joinedMessage } = await import("#lib/pipe/socket-messages.js");
    const { greetListener } = await import("#lib/pipe/handshake.js");
    const listener = await listen();
    const socket = connect(listener.address as string);
    closing.push(() => socket.destroy());
    await greetListener(socket, undefined);
    const there = await listener.accept(patience);
    closing.push(() => there.close());
    const code = messageCodec().encode(() => 1, "value");
    const reference = messageCodec().encode(once, "value");
    for (const { body } of [code, reference]) {
      socket.write(joinedMessage({ body, attachments: [] }, 0));
      await assert.rejects(there.recv(patience), DecodeError);
    }
  });

  test("shared objects of one program are refused in words; SharedMemory travels by its name", async () => {
    const [here, there] = await pair();
    const [end] = Pipe();
    for (const shared of [new Lock(), new SharedArray("int32", 2), end, here]) {
      await assert.rejects(
        here.send({ in: shared }),
        (error) => error instanceof EncodeError && error.path === "value.in" && /SharedMemory/.test(error.message),
      );
    }
    const [near] = Pipe();
    await assert.rejects(near.send(here), (error) => error instanceof EncodeError && /belongs to this process/.test(error.message));
    await here.send(1);
    assert.equal(await there.recv(patience), 1);

    const listener = await listen();
    const program = run("share memory", { address: listener.address });
    using connection = await listener.accept(patience);
    const memory = (await connection.recv(patience)) as SharedMemory;
    memory.bytes[3] = 42;
    memory.close();
    await connection.send("written");
    assert.deepEqual(await program.line(), { written: 42 });
    assert.equal(await program.ended, 0);
  });

  test("the synchronous spellings give what is there, and say so when that needs the event loop", async () => {
    const [here, there] = await pair();
    assert.throws(() => there.tryRecv(), { code: "ERR_EMPTY" });
    assert.throws(() => there.recvSync(), UnsupportedError);
    assert.throws(() => there.recvSync({ timeout: 0 }), TimeoutError);
    assert.throws(() => here.sendSync(1), UnsupportedError);
    await here.send(1);
    await here.send(2);
    await there.poll(patience);
    assert.equal(there.recvSync(), 1);
    assert.equal(there.tryRecv(), 2);
  });

  test("two programs that send 64 MiB to each other at once do not wait for each other", async () => {
    const [here, there] = await pair();
    const exchange = async (connection: Connection): Promise<void> => {
      const [, received] = await Promise.all([connection.send(new Uint8Array(64 << 20).fill(3)), connection.recv(patience)]);
      assert.equal((received as Uint8Array).length, 64 << 20);
    };
    await Promise.all([exchange(here), exchange(there)]);
  });

  test("send() waits for a receiver that is slow, within its time, and sends nothing that it gave up", async () => {
    const [here, there] = await pair();
    let sent = 0;
    const text = "x".repeat(10_000);
    try {
      for (; sent < 100_000; sent++) await here.send([sent, text], { timeout: 50 });
      assert.fail("nothing stopped the sender");
    } catch (error) {
      assert.ok(error instanceof TimeoutError, String(error));
    }
    // The message during whose writing the time was over was sent; the next one was not.
    let received = 0;
    for (; received < sent; received++) assert.deepEqual(await there.recv(patience), [received, text]);
    await here.send("after all", patience);
    assert.equal(await there.recv(patience), "after all");
  });

  test("wrong addresses, keys and options are refused", async () => {
    for (const address of ["", "\0", "a\0b"]) await assert.rejects(Listener.listen(address), RangeError);
    for (const port of [-1, 65_536, 1.5]) await assert.rejects(Listener.listen({ port }), RangeError);
    for (const address of [7, {}, null, { port: "1" }, { port: 1, host: 2 }]) {
      await assert.rejects(Listener.listen(address as unknown as Address), TypeError);
      await assert.rejects(Client(address as unknown as Address), TypeError);
    }
    await assert.rejects(Client(newPath(), { authKey: 7 as unknown as string }), TypeError);
    await assert.rejects(Listener.listen(newPath(), { authKey: "" }), RangeError);
    await assert.rejects(Listener.listen(newPath(), { backlog: 0 }), RangeError);
    await assert.rejects(Listener.listen(newPath(), { backlog: "2" as unknown as number }), TypeError);
    await assert.rejects(Listener.listen(newPath(), { handshakeTimeout: 0 }), RangeError);
    await assert.rejects(Client(newPath(), { timeout: Number.NaN }), TypeError);
    await assert.rejects(Listener.listen(join(folder, "x".repeat(120))), RangeError);
    await assert.rejects(Client(join(folder, "x".repeat(120))), StateError);
    await assert.rejects(Listener.listen(join(folder, "no/such/folder")), StateError);
    await assert.rejects(Listener.listen({ host: "192.0.2.1", port: 0 }), StateError);
    writeFileSync(join(folder, "file"), "");
    await assert.rejects(Listener.listen(join(folder, "file")), (error) => error instanceof StateError && /no socket/.test(error.message));
    assert.equal(lstatSync(join(folder, "file")).isFile(), true);
  });
});

suite("the socket file", { timeout: 120_000 }, () => {
  for (const [how, code] of [
    ["close", 0],
    ["return", 0],
    ["exit", 3],
    ["throw", 1],
  ] as const) {
    test(`is gone after ${how}`, async () => {
      const path = newPath();
      const program = run("listen and end", { address: path });
      await program.line();
      assert.equal(lstatSync(path).isSocket(), true);
      program.process.stderr?.resume();
      program.process.stdin?.write(`${how}\n`);
      assert.equal(await program.ended, code);
      assert.equal(existsSync(path), false);
    });
  }

  test("that a killed listener left is taken over", async () => {
    const path = newPath();
    const program = run("listen and end", { address: path });
    await program.line();
    program.process.kill("SIGKILL");
    assert.equal(await program.ended, "SIGKILL");
    assert.equal(existsSync(path), true);
    await assert.rejects(Client(path), StateError);
    const listener = await listen(path);
    const [accepted] = await Promise.all([listener.accept(patience), Client(path)]);
    accepted.close();
  });

  test("of its own goes with the program's folder when the listener is killed", async () => {
    const program = run("listen and end", {});
    const { address } = await program.line();
    program.process.kill("SIGKILL");
    await program.ended;
    const next = run("listen and end", {});
    await next.line();
    assert.equal(existsSync(address), false);
  });

  test("is one listener's alone, however many start at once at what a killed one left", async () => {
    const path = newPath();
    const program = run("listen and end", { address: path });
    await program.line();
    program.process.kill("SIGKILL");
    await program.ended;
    const programs = Array.from({ length: 6 }, () => run("race", { address: path }));
    const outcomes = await Promise.all(programs.map((racer) => racer.line()));
    assert.equal(outcomes.filter(({ listens }) => listens).length, 1);
    assert.ok(outcomes.every(({ listens, code }) => listens || code === "ERR_STATE"));
    (await Client(path)).close();
  });

  test("of somebody else is left alone, also at close()", async () => {
    const path = newPath();
    const first = await listen(path);
    rmSync(path);
    const second = await listen(path);
    first.close();
    const [accepted] = await Promise.all([second.accept(patience), Client(path)]);
    accepted.close();
  });
});
