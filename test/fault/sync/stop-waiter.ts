/** Stops a process that sleeps in the wait for a condition. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { holders } from "#lib/memory/holders.js";
import { Mutex } from "#lib/memory/mutex.js";
import type { Condition } from "#lib/sync/condition.js";
import { until } from "../memory/children.js";

/**
 * Sends SIGSTOP. A waiter looks at its entry now and then, at the condition's desk, and one that is stopped there keeps the desk:
 * it is alive, so whoever comes to the desk next waits for it. Such a one goes on, and is stopped a little later.
 */
export async function stopWaiter(child: ChildProcess, condition: Condition): Promise<void> {
  const desk = deskOf(condition);
  for (;;) {
    child.kill("SIGSTOP");
    await until(() => isStopped(child), "stop");
    if (!desk.isLocked) return;
    child.kill("SIGCONT");
    await until(() => !isStopped(child), "going on");
  }
}

/** The lock in the first words of what waiters share. */
function deskOf(condition: Condition): Mutex {
  const { location } = condition[handleOf]().data as { location: Parameters<typeof Block.attach>[0] };
  const { words, at } = Block.attach(location);
  return new Mutex(words, at, holders());
}

function isStopped({ pid }: ChildProcess): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}
