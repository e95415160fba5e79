/** What the processes of the fault tests do: `victim.js ACTION ARGUMENT`. */
import { fromHandle } from "#lib/queue/joinable-queue.js";
import { fromHandle as queueFromHandle } from "#lib/queue/queue.js";

interface Given {
  readonly from: unknown;
  readonly into: unknown;
}

const [, , action, argument = "null"] = process.argv;
const actions: Readonly<Record<string, (given: Given) => void | Promise<void>>> = {
  /** Moves items from one queue to another, in turn blocking and not, until it gets `null`. */
  async forward(given) {
    const from = fromHandle(given.from);
    const into = fromHandle(given.into);
    for (let round = 0; ; round++) {
      const isBlocking = round % 2 === 0;
      const item = isBlocking ? from.getSync() : await from.get();
      if (item === null) break;
      if (isBlocking) into.putSync(item);
      else await into.put(item);
      from.taskDone();
    }
    from.taskDone();
  },
  /** Moves items by leasing them; every fifth one is given back first. */
  async lease(given) {
    const from = queueFromHandle(given.from);
    const into = queueFromHandle(given.into);
    for (let round = 0; ; round++) {
      if (round % 5 === 0) (await from.lease()).release();
      const lease = round % 2 === 0 ? from.leaseSync() : await from.lease();
      if (lease.value === null) {
        lease.done();
        break;
      }
      await into.put(lease.value);
      lease.done();
    }
  },
  /** Moves items from a queue to its end, so that chunks are emptied, come back, and are filled again. */
  turnOver(given) {
    const from = queueFromHandle(given.from);
    for (;;) from.putSync(from.getSync());
  },
  /** Leases items, gives them back, and gets them. */
  async leaseAndGet(given) {
    const from = queueFromHandle(given.from);
    const into = queueFromHandle(given.into);
    for (;;) {
      from.leaseSync().release();
      await into.put(from.getSync());
    }
  },
  async wait(given) {
    await fromHandle(given.into).put("waiting");
    await fromHandle(given.from).get();
  },
  shutDown(given) {
    fromHandle(given.from).shutdown({ immediate: true });
  },
};

const run = actions[action ?? ""];
if (run === undefined) throw new Error(`unknown action ${action}`);
await run(JSON.parse(argument));
