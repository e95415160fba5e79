/** The lock that comes with a shared object: its own, made when it is first needed; one that was given; or none. */
import { StateError } from "../errors.js";
import { isConditionLock } from "../sync/condition-lock.js";
import { Lock } from "../sync/lock.js";

/** Which lock a shared object has. */
export interface LockOption {
  /**
   * `true`: a lock of its own (the default); `false`: none; a `Lock`: that one, so that it can protect several objects.
   * Python: the same argument of `Value` and `Array`.
   */
  readonly lock?: boolean | Lock | undefined;
}

export class OwnLock {
  #lock: Lock | false | undefined;

  /** @throws TypeError when the choice is none of these. */
  constructor(choice: unknown) {
    if (choice !== undefined && typeof choice !== "boolean" && !isLock(choice)) {
      throw new TypeError("Cannot make a shared object with that lock: it must be true, false, or a Lock");
    }
    this.#lock = choice === true ? undefined : choice;
  }

  /** @throws StateError when the object has none. */
  get lock(): Lock {
    const lock = this.sent();
    if (lock === false) throw new StateError("Cannot use the lock of a shared object that was made with { lock: false }");
    return lock;
  }

  /** The lock as it travels with the object. From now on it is the same one everywhere. */
  sent(): Lock | false {
    return (this.#lock ??= new Lock());
  }
}

/** Not by its class: in a worker, the lock may come from another copy of the library. */
function isLock(value: unknown): value is Lock {
  return isConditionLock(value) && "tryAcquire" in value;
}
