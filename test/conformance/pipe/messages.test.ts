import assert from "node:assert/strict";
import { test } from "node:test";
import { EndOfFileError, Lock, Pipe, wait, type Connection } from "manyhands";
import { forEachBackend, patience } from "../sync/backends.js";

forEachBackend("Pipe", ({ start }) => {
  test("byte messages keep their bounds, and poll() consumes nothing", async () => {
    const [here, there] = Pipe();
    start(
      async (connection: Connection, parts: readonly string[]) => {
        for (const part of parts) await connection.sendBytes(new TextEncoder().encode(part));
      },
      [there, ["a", "b", "cd"]],
    );
    for (const expected of ["a", "b", "cd"]) {
      assert.equal(await here.poll(patience), true);
      assert.equal(await here.poll(), true);
      assert.equal(new TextDecoder().decode(await here.recvBytes(patience)), expected);
    }
    assert.equal(await here.poll(), false);
  });

  test("a message of no bytes is a message, not the end", async () => {
    const [here, there] = Pipe();
    start((connection: Connection) => connection.sendBytes(new Uint8Array(0)), [there]);
    assert.equal(await here.poll(patience), true);
    assert.equal(await here.poll(), true);
    assert.equal((await here.recvBytes()).length, 0);
  });

  test("what was sent before the end is received, then the end at every call", async () => {
    const [receiver, sender] = Pipe<string>({ duplex: false });
    start(
      async (connection: Connection<string>) => {
        await connection.send("x");
        connection.close();
      },
      [sender],
    );
    sender.close();
    assert.equal(await receiver.poll(patience), true);
    assert.equal(await receiver.recv(), "x");
    assert.equal(await receiver.poll(patience), true);
    await assert.rejects(receiver.recv(patience), EndOfFileError);
    await assert.rejects(receiver.recv(patience), EndOfFileError);
    assert.throws(() => receiver.recvSync(patience), EndOfFileError);
    assert.throws(() => receiver.tryRecv(), EndOfFileError);
    assert.equal(await receiver.poll(), true);
  });

  test("messages of every size go there and back whole and in order", async () => {
    const [here, there] = Pipe<Uint8Array>();
    const child = start(
      async (connection: Connection<Uint8Array>) => {
        for await (const message of connection) await connection.send(message);
      },
      [there],
    );
    there.close();
    const sizes = [0, 1, 7, 8, 33, 4096, 16_384, 32_700, 32_768, 65_536, 100_000, 1_048_576, 3_000_000];
    const sending = (async () => {
      for (const size of sizes) await here.send(new Uint8Array(size).fill(size % 251));
    })();
    for (const size of sizes) {
      const message = await here.recv(patience);
      assert.equal(message.length, size);
      assert.ok(message.every((byte) => byte === size % 251));
    }
    await sending;
    here.close();
    assert.equal(await child.join(), 0);
  });

  test("two ends that send 16 MiB of messages to each other at once do not wait for each other", async () => {
    const [here, there] = Pipe<Uint8Array>();
    const exchange = async (connection: Connection<Uint8Array>, sizeBytes: number, count: number): Promise<number> => {
      let received = 0;
      for (let sent = 0; sent < count; sent++) await connection.send(new Uint8Array(sizeBytes));
      for (let message = 0; message < count; message++) received += (await connection.recv()).length;
      return received;
    };
    const child = start(exchange, [there, 16 << 20, 1]);
    assert.equal(await exchange(here, 16 << 20, 1), 16 << 20);
    assert.equal(await child.result(), 16 << 20);
  });

  test("send() waits for room without blocking the event loop", async () => {
    const [here, there] = Pipe<string>();
    const text = "x".repeat(1000);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1000; sent++) await here.send(text);
    })();
    const child = start(
      async (connection: Connection<string>) => {
        await connection.send("ready");
        let count = 0;
        while (count < 1000) count += Number((await connection.recv()).length === 1000);
        return count;
      },
      [there],
    );
    assert.equal(await here.recv(patience), "ready");
    await sending;
    assert.equal(await child.result(), 1000);
  });

  test("recvSync() and sendSync() play ball", async () => {
    const [here, there] = Pipe<number>();
    const child = start(
      (connection: Connection<number>) => {
        for (let round = 0; round < 2000; round++) connection.sendSync(connection.recvSync() + 1);
      },
      [there],
    );
    for (let round = 0; round < 2000; round++) {
      here.sendSync(round);
      assert.equal(here.recvSync(patience), round + 1);
    }
    assert.equal(await child.join(), 0);
  });

  test("an end travels through another end, and its sender may close it at once", async () => {
    const [here, there] = Pipe<Connection<string>>();
    const child = start(
      async (connections: Connection<Connection<string>>) => {
        const inner = await connections.recv();
        await inner.send("from far away");
      },
      [there],
    );
    const [near, far] = Pipe<string>();
    await here.send(far);
    far.close();
    assert.equal(await near.recv(patience), "from far away");
    await assert.rejects(near.recv(patience), EndOfFileError);
    assert.equal(await child.join(), 0);
  });

  test("several may receive from one end: each message goes to one of them", async () => {
    const [here, there] = Pipe<number>();
    const count = 5_000;
    const children = Array.from({ length: 3 }, () =>
      start(
        async (connection: Connection<number>) => {
          const got: number[] = [];
          for await (const number of connection) got.push(number);
          return got;
        },
        [there],
      ),
    );
    for (let number = 0; number < count; number++) await here.send(number);
    here.close();
    const all = (await Promise.all(children.map((child) => child.result()))).flat();
    assert.deepEqual(
      all.sort((a, b) => a - b),
      Array.from({ length: count }, (_, index) => index),
    );
  });

  test("functions, errors and locks arrive as themselves", async () => {
    const [here, there] = Pipe();
    const lock = new Lock();
    const child = start(
      async (connection: Connection) => {
        const apply = (await connection.recv()) as (x: number) => number;
        const theirs = (await connection.recv()) as Lock;
        await connection.send(apply(20));
        await connection.send(theirs.locked);
        await connection.send(new RangeError("far"));
      },
      [there],
    );
    const offset = 3;
    await here.send((x: number) => x + offset);
    await here.send(lock);
    using held = await lock.acquire();
    assert.equal(held.isHeld, true);
    assert.equal(await here.recv(patience), 23);
    assert.equal(await here.recv(patience), true);
    const error = await here.recv(patience);
    assert.ok(error instanceof RangeError && error.message === "far");
    assert.equal(await child.join(), 0);
  });

  test("100 pipes carry at once, and wait() finds those that have something", async () => {
    const pipes = Array.from({ length: 100 }, () => Pipe<number>());
    const child = start(
      async (connections: readonly Connection<number>[]) => {
        await Promise.all(connections.map(async (connection) => connection.send((await connection.recv()) * 2)));
      },
      [pipes.map(([, there]) => there)],
    );
    for (const [, there] of pipes) there.close();
    await Promise.all(pipes.map(([here], index) => here.send(index)));
    const open = new Map(pipes.map(([here], index) => [here, index]));
    while (open.size > 0) {
      const ready = await wait(open.keys(), patience);
      assert.ok(ready.length > 0);
      for (const here of ready) {
        assert.equal(await here.recv(), (open.get(here) ?? 0) * 2);
        open.delete(here);
        here.close();
      }
    }
    assert.equal(await child.join(), 0);
  });

  test("the end comes when whoever has the other end returns without closing it, or is killed", async () => {
    for (const end of ["return", "kill"] as const) {
      const [here, there] = Pipe<string>();
      const child = start(
        async (connection: Connection<string>, stays: boolean) => {
          await connection.send("here I am");
          if (stays) await connection.recv();
        },
        [there, end === "kill"],
      );
      there.close();
      assert.equal(await here.recv(patience), "here I am");
      const ending = here.recv(patience);
      if (end === "kill") child.kill();
      await assert.rejects(ending, EndOfFileError);
      await assert.rejects(here.send("hello?"), { code: "ERR_CLOSED" });
      await child.join();
    }
  });

  test("wait() sees processes end, beside connections and promises", async () => {
    const [here, there] = Pipe<string>();
    const child = start(async (connection: Connection<string>) => void (await connection.recv()), [there]);
    const never = new Promise(() => {});
    assert.deepEqual(await wait([here, child, never], { timeout: -1 }), []);
    await here.send("you may go");
    assert.deepEqual(await wait([here, child, never], patience), [child]);
    const settled = Promise.reject(new Error("settled badly"));
    assert.deepEqual(await wait([settled, here, child], patience), [settled, child]);
  });
});
