/** What the processes of the fault tests do: `victim.js ACTION ARGUMENT`. */
import { fromHandle } from "#lib/queue/joinable-queue.js";

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
