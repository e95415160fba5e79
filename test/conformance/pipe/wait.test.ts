import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Client, Event, JoinableQueue, Listener, Pipe, Process, Queue, StateError, wait, type Connection } from "manyhands";
import { forEachBackend, patience } from "../sync/backends.js";

/** Never settles. */
const never = new Promise<never>(() => {});

forEachBackend("wait()", ({ start }) => {
  test("finds the queue that somebody puts to, and leaves the item there", async () => {
    const [idle, busy] = [new Queue<number>(), new JoinableQueue<string>()];
    const go = new Event();
    const child = start(
      async (queue: JoinableQueue<string>, event: Event) => {
        await event.wait();
        await queue.put("item");
      },
      [busy, go],
    );
    assert.deepEqual(await wait([idle, busy], { timeout: 0 }), []);
    const waiting = wait([idle, busy, never], patience);
    go.set();
    assert.deepEqual(await waiting, [busy]);
    assert.deepEqual(await wait([idle, busy]), [busy]);
    assert.equal(busy.size, 1);
    assert.equal(busy.tryGet(), "item");
    assert.deepEqual(await wait([idle, busy], { timeout: 0 }), []);
    assert.equal(await child.join(), 0);
  });

  test("finds the queue that somebody shuts down", async () => {
    const queue = new Queue<number>();
    const waiting = wait([queue], patience);
    const child = start((theirs: Queue<number>) => theirs.shutdown(), [queue]);
    assert.deepEqual(await waiting, [queue]);
    assert.equal(await child.join(), 0);
  });

  test("finds the event that somebody sets, also when it is cleared at once", async () => {
    for (const isCleared of [false, true]) {
      const [idle, event] = [new Event(), new Event()];
      const waiting = wait([idle, event, never], patience);
      const child = start(
        (theirs: Event, clears: boolean) => {
          theirs.set();
          if (clears) theirs.clear();
        },
        [event, isCleared],
      );
      assert.deepEqual(await waiting, [event]);
      assert.equal(await child.join(), 0);
      assert.deepEqual(await wait([idle, event], { timeout: 0 }), isCleared ? [] : [event]);
    }
  });

  test("finds the connection to which somebody sends, or whose other end is gone", async () => {
    const [idle] = Pipe<number>();
    const [here, there] = Pipe<number>();
    const waiting = wait([idle, here], patience);
    const child = start(async (connection: Connection<number>) => connection.send(1), [there]);
    there.close();
    assert.deepEqual(await waiting, [here]);
    assert.equal(await here.recv(), 1);
    assert.deepEqual(await wait([idle, here], patience), [here]);
    assert.equal(await child.join(), 0);
  });

  test("finds processes that have ended, however they did", async () => {
    const go = new Event();
    const waiters = [0, 1, 2].map(() => start((event: Event) => event.wait(), [go]));
    const [first, second, third] = waiters as [Process, Process, Process];
    assert.deepEqual(await wait(waiters, { timeout: 0 }), []);
    const waiting = wait(waiters, patience);
    second.kill();
    assert.deepEqual(await waiting, [second]);
    go.set();
    const left = new Set<Process>([first, third]);
    while (left.size > 0) for (const ended of await wait(left, patience)) left.delete(ended);
    assert.deepEqual(await wait(waiters), waiters);
    await assert.rejects(wait([new Process(() => {})]), StateError);
  });

  test("finds the listener to which a program connects", async () => {
    using listener = await Listener.listen();
    const waiting = wait([listener, never], patience);
    const child = start(
      async (address: string) => {
        using connection = await Client<string>(address);
        await connection.send("hello");
        await connection.poll({ timeout: Infinity });
      },
      [listener.address as string],
    );
    assert.deepEqual(await waiting, [listener]);
    const connection = await listener.accept({ timeout: 0 });
    assert.equal(await connection.recv(patience), "hello");
    connection.close();
    assert.equal(await child.join(), 0);
  });

  test("returns all that are ready, of whatever kind, in the order of the list", async () => {
    const [queue, empty, event, clear] = [new Queue<number>(), new Queue<number>(), new Event(), new Event()];
    const [here, there] = Pipe<number>();
    const child = start(
      async (theirs: Queue<number>, flag: Event, connection: Connection<number>) => {
        await theirs.put(1);
        flag.set();
        await connection.send(1);
      },
      [queue, event, there],
    );
    assert.equal(await child.join(), 0);
    const settled = Promise.resolve();
    assert.deepEqual(await wait([empty, child, event, never, here, clear, queue, settled]), [child, event, here, queue, settled]);
  });

  test("takes nothing: of many that wait for one queue, each item goes to one get()", async () => {
    const queue = new Queue<number>();
    const [done, sender] = Pipe<number>();
    const count = 300;
    const takers = Array.from({ length: 3 }, () =>
      start(
        async (items: Queue<number>, results: Connection<number>) => {
          const { EmptyError, wait: waitHere } = await import("manyhands");
          for (;;) {
            await waitHere([items]);
            try {
              const item = items.tryGet();
              if (item < 0) return;
              await results.send(item);
            } catch (error) {
              // Another was faster.
              if (!(error instanceof EmptyError)) throw error;
            }
          }
        },
        [queue, sender],
      ),
    );
    sender.close();
    for (let item = 0; item < count; item++) await queue.put(item);
    for (const _ of takers) await queue.put(-1);
    const got: number[] = [];
    for await (const item of done) got.push(item);
    assert.deepEqual(
      got.sort((a, b) => a - b),
      Array.from({ length: count }, (_, index) => index),
    );
    assert.deepEqual(await Promise.all(takers.map((taker) => taker.join())), [0, 0, 0]);
  });

  test("leaves nothing behind on what was not ready", async () => {
    using listener = await Listener.listen();
    const go = new Event();
    const child = start((event: Event) => event.wait(), [go]);
    let asked = 0;
    class Counted<T> extends Promise<T> {
      // oxlint-disable-next-line no-thenable -- it counts who asks
      override then<A, B>(...handlers: Parameters<Promise<T>["then"]>): Promise<A | B> {
        asked++;
        return super.then(...handlers) as Promise<A | B>;
      }
    }
    const promise = new Counted<void>(() => {});
    const [here, there] = Pipe();
    const objects = [new Queue(), new Event(), here, listener, child, promise];
    const { signal } = new AbortController();
    for (let round = 0; round < 200; round++) {
      assert.deepEqual(await wait(objects, { timeout: 1, signal }), []);
      const ready = Promise.resolve();
      assert.deepEqual(await wait([...objects, ready], { signal }), [ready]);
    }
    assert.equal(getEventListeners(signal, "abort").length, 0);
    assert.equal(asked, 1);
    go.set();
    assert.equal(await child.join(), 0);
    assert.deepEqual(await wait(objects, { timeout: 0 }), [child]);
    there.close();
  });

  test("ends with its signal, and whoever waits beside it goes on", async () => {
    const queue = new Queue<number>();
    const event = new Event();
    const controller = new AbortController();
    const aborted = wait([queue, event], { signal: controller.signal });
    const other = wait([queue, event], patience);
    const getting = queue.get(patience);
    controller.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    const child = start(
      async (theirs: Queue<number>, flag: Event) => {
        await theirs.put(5);
        flag.set();
      },
      [queue, event],
    );
    assert.ok((await other).length > 0);
    assert.equal(await getting, 5);
    assert.equal(await child.join(), 0);
  });
});
