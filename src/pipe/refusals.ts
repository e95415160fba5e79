/** Why a message could not be sent or received. */
import { ClosedError, DecodeError, TimeoutError } from "../errors.js";
import { tags, type Incoming } from "./transport.js";

export function refuseBytes({ tag }: Incoming): void {
  if (tag === tags.bytes) throw new DecodeError("Cannot receive a value: the message is bytes, which recvBytes() receives");
}

export function nobodyThere(): ClosedError {
  return new ClosedError("Cannot send: nobody has the other end any more");
}

export function nothingCame(timeout: number | undefined): TimeoutError {
  return new TimeoutError(`Cannot receive: no message came within ${timeout} ms`, timeout);
}

export function noRoom(timeout: number | undefined): TimeoutError {
  return new TimeoutError(`Cannot send: the other end did not make room within ${timeout} ms`, timeout);
}
