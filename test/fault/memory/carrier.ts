/** Hands on locks that nobody else has any more: `carrier.js ACTION ARGUMENT`. */
import { Lock } from "manyhands";
import { allocator } from "#lib/memory/allocator.js";
import { cargoOf } from "#lib/memory/cargo.js";
import { fromHandle as connectionFromHandle } from "#lib/pipe/pipe-end.js";
import { startTimeOf } from "#lib/platform/liveness.js";
import { fromHandle } from "#lib/queue/queue.js";
import { messageCodec } from "#lib/ship/codec.js";
import type { CargoName } from "#lib/wire/extension.js";
import { makeItem, type Item } from "./items.js";

interface Given {
  readonly from: unknown;
  readonly into: unknown;
}

const [, , action, argument = "null"] = process.argv;
const actions: Readonly<Record<string, (given: Given) => Promise<void>>> = {
  /** Puts items, and ends. */
  async produce({ into }) {
    const queue = fromHandle(into);
    for (let number = 0; number < 60; number++) await queue.put(makeItem(number));
  },
  /** Hands a lock over to the process that started this one, as a worker does. */
  async answer() {
    const cargo = cargoOf(messageCodec().encode([new Lock()], "value"));
    cargo?.handOver({ id: process.ppid, startTime: startTimeOf(process.ppid) ?? 0 }, { processId: process.pid, threadId: 0 });
  },
  /** Lets go of what a message names, as a worker does that has read it. */
  async receive({ from }) {
    allocator().consignments.receive(from as CargoName);
  },
  async queue(given) {
    const [from, into] = [fromHandle(given.from), fromHandle(given.into)];
    for (let item = await from.get(); item !== null; item = await from.get()) await into.put(renewed(item));
  },
  async lease(given) {
    const [from, into] = [fromHandle(given.from), fromHandle(given.into)];
    for (let round = 0; ; round++) {
      if (round % 5 === 0) (await from.lease()).release();
      const lease = await from.lease();
      if (lease.value === null) {
        lease.done();
        return;
      }
      await into.put(renewed(lease.value));
      lease.done();
    }
  },
  async pipe(given) {
    const [from, into] = [connectionFromHandle(given.from), connectionFromHandle(given.into)];
    for (let item = await from.recv(); item !== null; item = await from.recv()) await into.send(renewed(item));
  },
};

const run = actions[action ?? ""];
if (run === undefined) throw new Error(`unknown action ${action}`);
await run(JSON.parse(argument));

/** The same item with its lock, which is used, and another one. */
function renewed(item: unknown): Item {
  const { number, locks } = item as Item;
  for (const lock of locks) use(lock);
  allocator().consignments.collect();
  return { ...makeItem(number), locks: [...locks, ...makeItem(number).locks] };
}

function use(lock: Lock): void {
  const held = lock.acquireSync({ timeout: 20_000 });
  if (held === undefined) throw new Error("a lock is held by nobody");
  held.release();
}
