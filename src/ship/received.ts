/** Functions that came from elsewhere, with what it takes to send them on. */
import type { Header } from "./header.js";

export interface Received {
  readonly header: Header;
  /** What is behind the header, as it is now. */
  children(): readonly unknown[];
}

const received = new WeakMap<Function, Received>();

export function receivedForm(fn: Function): Received | undefined {
  return received.get(fn);
}

export function noteReceived(fn: Function, form: Received): void {
  received.set(fn, form);
}
