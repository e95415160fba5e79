/** How far shared memory reaches: what goes by reference belongs to the threads of one process. */
import { UnsupportedError } from "../errors.js";
import { native } from "../platform/native.js";
import { type Encoded, isByReference } from "../wire/extension.js";

/** Where a message goes. */
export interface Destination {
  /** Whether whoever receives it is a thread of this process. */
  readonly sharesMemory: boolean;
}

/** @throws UnsupportedError when a message that leaves this process names memory of its threads; it says what is missing. */
export function checkReach({ sharesMemory }: Destination, ...messages: readonly Encoded[]): void {
  if (sharesMemory || !messages.some(({ attachments }) => attachments.some(isByReference))) return;
  // It was made so because this fails.
  native();
  throw new UnsupportedError("Cannot send a shared object to another process: it was made for the threads of this one.");
}
