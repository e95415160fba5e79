import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ClosedError, EndOfFileError, Lock, Pipe, Queue, TimeoutError, wait, type Connection } from "manyhands";
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

  for (const [what, count] of [
    ["one message", 1],
    ["many messages", 4096],
  ] as const) {
    test(`two ends that send 64 MiB to each other at once, in ${what}, do not wait for each other`, async () => {
      const [here, there] = Pipe<Uint8Array>();
      const exchange = async (connection: Connection<Uint8Array>, messages: number): Promise<number> => {
        const sizeBytes = (64 << 20) / messages;
        const sending = (async () => {
          for (let sent = 0; sent < messages; sent++) await connection.send(new Uint8Array(sizeBytes).fill(sent));
        })();
        let received = 0;
        for (let message = 0; message < messages; message++) {
          const bytes = await connection.recv();
          if (bytes[0] !== message % 256 || bytes.at(-1) !== message % 256) throw new Error(`message ${message} is another one`);
          received += bytes.length;
        }
        await sending;
        return received;
      };
      const child = start(exchange, [there, count]);
      assert.equal(await exchange(here, count), 64 << 20);
      assert.equal(await child.result(), 64 << 20);
    });
  }

  test("calls of one thread receive in the order in which they were made, also one that came when others waited", async () => {
    const [here, there] = Pipe<number>();
    for (let round = 0; round < 20; round++) {
      const waiting = [there.recv(patience), there.recv(patience)];
      await turn();
      for (const value of [1, 2, 3]) here.sendSync(value);
      assert.deepEqual(await Promise.all([...waiting, there.recv(patience)]), [1, 2, 3]);
    }
    const late = there.recv({ timeout: 1 });
    const next = there.recv(patience);
    await assert.rejects(late, TimeoutError);
    here.sendSync(4);
    assert.equal(await next, 4);
    const pending = [there.recv(), there.recv()];
    there.close();
    for (const end of pending) await assert.rejects(end, ClosedError);
    here.close();
  });

  test("ends travel on and on, through ends that travelled themselves", async () => {
    const relay = async (from: Connection<Connection>, to: Connection<Connection>): Promise<void> => {
      for await (const end of from) {
        await to.send(end);
        end.close();
      }
      to.close();
    };
    const hops = 4;
    const pipes = Array.from({ length: hops + 1 }, () => Pipe<Connection>());
    // Each hop gets its own ends through an end.
    const children = Array.from({ length: hops }, (_, hop) => {
      const [give, take] = Pipe<Connection<Connection>>();
      const child = start(
        async (ends: Connection<Connection<Connection>>, run: typeof relay) => run(await ends.recv(), await ends.recv()),
        [take, relay],
      );
      const [from, to] = [pipes[hop]?.[1], pipes[hop + 1]?.[0]] as [Connection<Connection>, Connection<Connection>];
      return { child, give, take, from, to };
    });
    for (const { give, take, from, to } of children) {
      await give.send(from);
      await give.send(to);
      for (const end of [give, take, from, to]) end.close();
    }
    const [first, last] = [pipes[0]?.[0], pipes[hops]?.[1]] as [Connection<Connection>, Connection<Connection>];
    const near: Connection<number>[] = [];
    for (let number = 0; number < 30; number++) {
      const [here, there] = Pipe<number>();
      near.push(here);
      await first.send(there as Connection);
      there.close();
    }
    first.close();
    let number = 0;
    for await (const arrived of last) {
      await near[number]?.send(number);
      assert.equal(await arrived.recv(patience), number);
      await arrived.send(number * 2);
      arrived.close();
      assert.equal(await near[number]?.recv(patience), number * 2);
      await assert.rejects(near[number]?.recv(patience) ?? Promise.resolve(), EndOfFileError);
      number++;
    }
    assert.equal(number, 30);
    for (const { child } of children) assert.equal(await child.join(), 0);
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

  test("an end waits in a queue for its receiver, and its sender may close it at once", async () => {
    const queue = new Queue<Connection<string>>();
    const [near, far] = Pipe<string>();
    await queue.put(far);
    far.close();
    const child = start(
      async (ends: Queue<Connection<string>>) => {
        const end = await ends.get();
        await end.send(`${await end.recv()} and back`);
      },
      [queue],
    );
    await near.send("there");
    assert.equal(await near.recv(patience), "there and back");
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
