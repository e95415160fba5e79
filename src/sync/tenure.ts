/**
 * Who holds recursive locks, in asynchronous code. A tenure is one ownership of one lock, from the first `acquire` to the
 * last `release`. It is known to the code that acquired and to all that this code calls or awaits, through the asynchronous
 * context; other tasks of the same thread, which have other contexts, do not know it.
 *
 *  1. `enter` changes the context of the running function from here on, also after its awaits, and of what it calls.
 *  2. JavaScript cannot keep that from the function's caller when the caller goes on without an await. A tenure that has not
 *     been granted yet, or whose promise has not been delivered yet, therefore counts as nobody's: a second task that the
 *     same caller starts in the same breath makes a tenure of its own.
 *  3. A list holds the tenures of a context. Those that have ended leave it with the next one that enters.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export class Tenure {
  /** How often the lock was acquired and not released. */
  depth = 0;
  /** Whether its code could have learned that it has the lock. */
  isDelivered = false;
  /** Whether somebody who had the lock during a condition's wait died. */
  isAbandonedMeanwhile = false;
}

const storage = new AsyncLocalStorage<readonly Tenure[]>();

/** Whether the running code belongs to the tenure. */
export function isWithin(tenure: Tenure): boolean {
  return tenure.isDelivered && storage.getStore()?.includes(tenure) === true;
}

/** Makes the running code, and what it goes on to do, belong to the tenure. */
export function enter(tenure: Tenure): void {
  storage.enterWith(withTenure(tenure));
}

/** Runs `act` within the tenure; the caller stays outside. */
export function runWithin<R>(tenure: Tenure, act: () => R): R {
  return storage.run(withTenure(tenure), act);
}

function withTenure(tenure: Tenure): readonly Tenure[] {
  const present = storage.getStore();
  return present === undefined ? [tenure] : [...present.filter(({ depth }) => depth > 0), tenure];
}
