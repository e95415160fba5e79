/**
 * The tasks that no worker has yet, oldest first. A doubly linked list through the members themselves, because all of
 * `push`, `shift` and `remove` (a cancelled task leaves from the middle) must cost the same with 100,000 waiting as with one.
 */

/** What a member of the list carries; only the list writes it. */
export interface Waiting<T> {
  /** Numbers rise in the order in which members are appended. */
  readonly id: number;
  previous: T | undefined;
  next: T | undefined;
  isWaiting: boolean;
}

export class WaitingList<T extends Waiting<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The oldest member. */
  get first(): T | undefined {
    return this.#first;
  }

  /** Appends a member. */
  push(member: T): void {
    this.#link(member, this.#last, undefined);
  }

  /** Puts a member back among the others by its number, near the front: it was taken, and turned out not to have started. */
  restore(member: T): void {
    let next = this.#first;
    while (next !== undefined && next.id < member.id) next = next.next;
    this.#link(member, next === undefined ? this.#last : next.previous, next);
  }

  /** Takes the oldest member out. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes `member` out, wherever it stands; `false` when it is not waiting. */
  remove(member: T): boolean {
    if (!member.isWaiting) return false;
    const { previous, next } = member;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    member.previous = undefined;
    member.next = undefined;
    member.isWaiting = false;
    this.#length -= 1;
    return true;
  }

  #link(member: T, previous: T | undefined, next: T | undefined): void {
    member.isWaiting = true;
    member.previous = previous;
    member.next = next;
    if (previous === undefined) this.#first = member;
    else previous.next = member;
    if (next === undefined) this.#last = member;
    else next.previous = member;
    this.#length += 1;
  }
}
