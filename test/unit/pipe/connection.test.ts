import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  BufferTooShortError,
  ClosedError,
  DecodeError,
  EmptyError,
  EncodeError,
  EndOfFileError,
  Event,
  Pipe,
  StateError,
  TimeoutError,
} from "manyhands";

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

test("a value arrives as it was when it was sent", async () => {
  const [a, b] = Pipe<{ list: number[] }>();
  const value = { list: [1] };
  const sent = a.send(value);
  value.list.push(2);
  await sent;
  assert.deepEqual(await b.recv(), { list: [1] });
});

test("bytes that wait for room arrive as they were when they were sent", async () => {
  const [a, b] = Pipe();
  const buffer = new Uint8Array(20_000).fill(1);
  const sends = Array.from({ length: 8 }, () => a.sendBytes(buffer));
  buffer.fill(2);
  for (let message = 0; message < 8; message++)
    assert.ok(
      (await b.recvBytes()).every((byte) => byte === 1),
      `message ${message}`,
    );
  await Promise.all(sends);
});

test("sends that are not awaited arrive in order, beyond what the ring holds", async () => {
  const [a, b] = Pipe<string>();
  const sends = Array.from({ length: 300 }, (_, number) => a.send(`${number} ${"x".repeat(1000)}`));
  for (let number = 0; number < 300; number++) assert.equal(Number.parseInt(await b.recv(), 10), number);
  await Promise.all(sends);
});

test("what cannot be sent is refused, and the connection stays as it was", async () => {
  const [a, b] = Pipe();
  await assert.rejects(a.send({ here: new WeakMap() }), (error) => error instanceof EncodeError && error.path === "value.here");
  assert.throws(() => a.sendSync(Symbol("s")), EncodeError);
  await a.send(1);
  assert.equal(await b.recv(), 1);
});

test("Connection.sendBytes() takes parts of buffers and typed arrays, and refuses what is not within them", async () => {
  const [a, b] = Pipe();
  await a.sendBytes(bytes(1, 2, 3, 4), { offset: 1, size: 2 });
  await a.sendBytes(bytes(1, 2, 3, 4), { offset: 3 });
  await a.sendBytes(bytes(1, 2), { offset: 2 });
  await a.sendBytes(Uint16Array.of(0x0201).buffer);
  assert.deepEqual([...(await b.recvBytes())], [2, 3]);
  assert.deepEqual([...(await b.recvBytes())], [4]);
  assert.deepEqual([...(await b.recvBytes())], []);
  assert.deepEqual([...(await b.recvBytes())], [1, 2]);
  for (const part of [{ offset: -1 }, { offset: 5 }, { size: -1 }, { offset: 3, size: 2 }, { offset: 0.5 }]) {
    await assert.rejects(a.sendBytes(bytes(1, 2, 3, 4), part), RangeError);
  }
  await assert.rejects(a.sendBytes("text" as never), TypeError);
  assert.equal(await b.poll(), false);
});

test("Connection.recvBytesInto() writes at the offset; what does not fit comes with the error and is consumed", async () => {
  const [a, b] = Pipe();
  const target = new Uint8Array(4);
  await a.sendBytes(bytes(7, 8));
  assert.equal(await b.recvBytesInto(target, { offset: 2 }), 2);
  assert.deepEqual([...target], [0, 0, 7, 8]);
  await a.sendBytes(bytes(1, 2, 3));
  await a.sendBytes(bytes(9));
  await assert.rejects(
    b.recvBytesInto(target, { offset: 2 }),
    (error) => error instanceof BufferTooShortError && Buffer.compare(error.bytes, bytes(1, 2, 3)) === 0,
  );
  await assert.rejects(b.recvBytesInto(target, { offset: -1 }), RangeError);
  await assert.rejects(b.recvBytesInto(target, { offset: 5 }), RangeError);
  const words = new Uint16Array(1);
  assert.equal(await b.recvBytesInto(words), 1);
  assert.equal(words[0], 9);
});

test("a message longer than maxLength ends reading; sending works on", async () => {
  const [a, b] = Pipe();
  await a.sendBytes(bytes(1, 2, 3, 4, 5));
  await assert.rejects(b.recvBytes({ maxLength: -1 }), RangeError);
  await assert.rejects(b.recvBytes({ maxLength: 3 }), RangeError);
  await assert.rejects(b.recvBytes(), ClosedError);
  await assert.rejects(b.poll(), ClosedError);
  assert.equal(b.readable, false);
  assert.equal(b.closed, false);
  await b.send("still here");
  assert.equal(await a.recv(), "still here");
  const [receiver, sender] = Pipe({ duplex: false });
  await sender.sendBytes(bytes(1, 2));
  await assert.rejects(receiver.recvBytes({ maxLength: 1 }), RangeError);
  assert.equal(receiver.closed, true);
});

test("each end of a one-way pipe refuses the other direction", async () => {
  const [receiver, sender] = Pipe({ duplex: false });
  assert.deepEqual([receiver.readable, receiver.writable, sender.readable, sender.writable], [true, false, false, true]);
  for (const call of [
    () => receiver.send(1),
    () => receiver.sendBytes(bytes(1)),
    () => sender.recv(),
    () => sender.recvBytes(),
    () => sender.poll(),
  ]) {
    await assert.rejects(call, StateError);
  }
  assert.throws(() => receiver.sendSync(1), StateError);
  assert.throws(() => sender.recvSync(), StateError);
  assert.throws(() => sender.tryRecv(), StateError);
});

test("a closed connection refuses everything but close()", async () => {
  const [a, b] = Pipe();
  a.close();
  a.close();
  assert.deepEqual([a.closed, a.readable, a.writable], [true, false, false]);
  for (const call of [() => a.send(1), () => a.sendBytes(bytes()), () => a.recv(), () => a.recvBytes(), () => a.poll(), () => b.send(a)]) {
    await assert.rejects(call, ClosedError);
  }
  assert.throws(() => a.tryRecv(), ClosedError);
});

test("close() ends calls that are pending here", async () => {
  const [a, b] = Pipe<string>();
  const receiving = assert.rejects(a.recv(), ClosedError);
  const polling = assert.rejects(a.poll({ timeout: Infinity }), ClosedError);
  const sends = Array.from({ length: 100 }, () => a.send("x".repeat(1000)));
  const outcomes = Promise.allSettled(sends);
  a.close();
  await Promise.all([receiving, polling]);
  const rejected = (await outcomes).filter(({ status }) => status === "rejected").length;
  assert.ok(rejected > 0 && rejected < 100, `${rejected} were rejected`);
  let received = 0;
  for await (const text of b) received += Number(text.length === 1000);
  assert.equal(received, 100 - rejected);
});

test("sending to nobody is a ClosedError", async () => {
  const [a, b] = Pipe();
  b.close();
  await assert.rejects(a.send(1), ClosedError);
  await assert.rejects(a.sendBytes(bytes(1)), ClosedError);
  assert.throws(() => a.sendSync(1), ClosedError);
});

test("an end that nobody can reach any more is as good as closed", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const a = (() => Pipe()[0])();
  for (let turn = 0; turn < 1000 && !(await a.poll()); turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await assert.rejects(a.recv(), EndOfFileError);
});

test("a timeout that is zero or less looks once; nothing there is TimeoutError, EmptyError, or false", async () => {
  const [a, b] = Pipe();
  for (const timeout of [0, -1]) {
    assert.equal(await a.poll({ timeout }), false);
    await assert.rejects(a.recv({ timeout }), TimeoutError);
    assert.throws(() => a.recvSync({ timeout }), TimeoutError);
    await b.send(1);
    assert.equal(await a.recv({ timeout }), 1);
    await b.send(2);
    assert.equal(a.recvSync({ timeout }), 2);
  }
  assert.throws(() => a.tryRecv(), EmptyError);
  await assert.rejects(a.recv({ timeout: Number.NaN }), TypeError);
  await assert.rejects(a.recv({ timeout: 5 }), TimeoutError);
});

test("a send that finds no room in time, or is aborted, sends nothing", async () => {
  const [a, b] = Pipe<string>();
  const text = "x".repeat(10_000);
  let sent = 0;
  for (;;) {
    try {
      a.sendSync(text, { timeout: 0 });
      sent++;
    } catch (error) {
      assert.ok(error instanceof TimeoutError);
      break;
    }
  }
  await assert.rejects(a.send(text, { timeout: 5 }), TimeoutError);
  const controller = new AbortController();
  const aborted = a.send(text, { signal: controller.signal });
  assert.throws(() => a.sendSync(text), StateError);
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  a.close();
  let received = 0;
  for await (const message of b) received += Number(message.length === 10_000);
  assert.equal(received, sent);
});

test("an aborted recv() takes nothing", async () => {
  const [a, b] = Pipe();
  const controller = new AbortController();
  const receiving = a.recv({ signal: controller.signal });
  controller.abort(new Error("not now"));
  await assert.rejects(receiving, /not now/);
  await b.send("later");
  assert.equal(await a.recv(), "later");
});

test("values and bytes are not taken for one another", async () => {
  const [a, b] = Pipe();
  await a.send("value");
  await assert.rejects(b.recvBytes(), DecodeError);
  await a.sendBytes(bytes(1));
  await assert.rejects(b.recv(), DecodeError);
  await a.send("fine");
  assert.equal(await b.recv(), "fine");
});

test("timers run while messages come and go without end", async () => {
  const [a, b] = Pipe<number>();
  const ticks: number[] = [];
  const timer = setInterval(() => ticks.push(Date.now()), 0);
  const deadline = Date.now() + 60_000;
  while (ticks.length < 3) {
    assert.ok(Date.now() < deadline, "no timer ran");
    await a.send(1);
    await b.recv();
  }
  clearInterval(timer);
});

test("an end that comes back is the same object, and another one once it was closed", async () => {
  const [a, b] = Pipe();
  const [c, d] = Pipe();
  await a.send(c);
  assert.equal(await b.recv(), c);
  await a.send(c);
  c.close();
  const again = (await b.recv()) as typeof c;
  assert.notEqual(again, c);
  assert.equal(again.closed, false);
  await again.send("alive");
  assert.equal(await d.recv(), "alive");
});

test("a message that needs modules cannot be received synchronously, and is kept", async () => {
  const [a, b] = Pipe();
  const event = new Event();
  await a.send(event);
  assert.throws(() => b.recvSync(), StateError);
  assert.equal(await b.poll(), true);
  assert.equal(await b.recv(), event);
});

test("`using` closes a connection, and async iteration ends with the other end", async () => {
  const [a, b] = Pipe<number>();
  {
    using sender = a;
    for (let number = 0; number < 3; number++) await sender.send(number);
  }
  const received: number[] = [];
  for await (const number of b) received.push(number);
  assert.deepEqual(received, [0, 1, 2]);
});
