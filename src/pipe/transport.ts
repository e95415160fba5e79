/**
 * What is below a connection: rings in shared memory between the processes of one program (pipe-end.ts), or a socket between
 * unrelated programs (socket-transport.ts). It carries messages, whole and in order, and knows when the other side has ended.
 *
 *  1. What was sent before the end is received before it: look whether the peer has gone, then whether a message is there.
 *  2. A message that `trySend` or `send` did not send was not sent at all, unless they say so.
 */
import type { Incoming } from "../channel/ring-reader.js";
import type { Deadline } from "../memory/deadline.js";
import type { Handle } from "../memory/handle.js";
import type { Codec } from "../wire/codec.js";
import type { Encoded } from "../wire/extension.js";

export type { Incoming };

/** What a message is. */
export const tags = { value: 0, bytes: 1 } as const;

export type Tag = (typeof tags)[keyof typeof tags];

/** `"gone"`: nobody is there to receive it, or this side was closed. `"late"`: the time was over. */
export type SendOutcome = "sent" | "gone" | "late";

export interface TransportWait {
  readonly deadline: Deadline;
  readonly signal?: AbortSignal | undefined;
}

export interface Transport {
  /** Makes messages of values: it decides what may travel here. */
  readonly codec: Codec;
  /** Whether nobody will receive what is sent. */
  readonly isPeerGone: boolean;
  /** Whether there is a message, or there will never be one. */
  readonly isReadable: boolean;
  /** Whether there is no message, and there will never be one. */
  readonly hasEnded: boolean;
  /** What broke the transport, if it did not simply end; complete messages are received before it matters. */
  readonly failure: Error | undefined;
  /** Sends a message if that takes no waiting; its bytes are copied. */
  trySend(message: Encoded, tag: Tag): boolean;
  /** Sends a message when there is room, without blocking the event loop. Its bytes must not change meanwhile. @throws the signal's reason. */
  send(message: Encoded, tag: Tag, wait: TransportWait): Promise<SendOutcome>;
  /** The same as `send`, blocking the thread. @throws UnsupportedError where that cannot be. */
  sendSync(message: Encoded, tag: Tag, deadline: Deadline): SendOutcome;
  /** The next message, if it is there. */
  tryReceive(): Incoming | undefined;
  /** Looks for a moment whether it becomes readable, where the other side may be at work on another core. */
  comesSoon(): boolean;
  /** Waits until `isReadable`, without blocking the event loop; false when the time is over. @throws the signal's reason. */
  untilReadable(wait: TransportWait): Promise<boolean>;
  /** The same, blocking the thread. @throws UnsupportedError where that cannot be. */
  untilReadableSync(deadline: Deadline): boolean;
  /** Looks whether the peer was killed, where nobody says so by itself. */
  attend(): void;
  /** The handle with which the connection on this transport travels. @throws UnsupportedError when it cannot. */
  handleFor(connection: object): Handle;
  /** Ends this side: its waits end, and nothing is sent or received here afterwards. What was sent arrives. */
  close(): void;
}
