/**
 * A channel: ordered duplex frames between two endpoints, with back-pressure and close.
 *
 *     host endpoint  ── frame, frame ──▶  worker endpoint
 *                    ◀── frame, frame ──
 *
 * Invariants every implementation keeps, and `test/conformance/channel` checks:
 *  1. Frames arrive whole, once, in the order they were sent; an empty frame is a frame.
 *  2. `send` takes a snapshot or owns what it is given: the caller hands the bytes over and does not touch them again.
 *  3. Frames sent before `close` arrive before the peer's `closed`.
 *  4. When the peer dies, the frames that were complete arrive, then `closed`; half a frame is dropped.
 *  5. No listener runs inside the call to `send`, and none runs after `closed`.
 *  6. Frames that arrive before `onFrame` is set are kept.
 */

import type { Frame } from "../wire/frames.js";

export type { Frame };

export interface ChannelListener {
  /** May throw a `DecodeError` when the frame is no message: the channel breaks with it. */
  onFrame(frame: Frame): void;
  /** The last call. `error` when the channel broke, `undefined` when it ended: closed by either side, or the peer died. */
  onClosed(error: Error | undefined): void;
  /**
   * Both sides have the session's shared memory at hand, and the channel goes through it from now on. At most once; never where
   * memory cannot be shared, or before that pays. What is sent from here on is delivered after the peer's listener was told, too.
   */
  onShared?(): void;
}

export interface Channel {
  /** Bytes accepted by `send` that the peer's side has not taken yet. */
  readonly bufferedBytes: number;
  readonly isOpen: boolean;
  /** After the end: the peer certainly did not read the whole of what was sent. `false` when it may have. */
  readonly peerLeftUnread: boolean;
  /** Sets the one listener; frames that came before are delivered first, soon after this call. */
  listen(listener: ChannelListener): void;
  /** Queues one frame. Never waits. @throws ClosedError after `close`, or when the peer is gone. */
  send(frame: Frame): void;
  /** Resolves when `bufferedBytes` has fallen below the high-water mark, or the channel has closed. */
  drained(): Promise<void>;
  /** Sends what is queued, then ends. Resolves when that is done, or cannot be done any more. */
  close(): Promise<void>;
  /** Ends at once; what is queued is dropped. */
  destroy(): void;
  /** Whether the open channel keeps the event loop alive; it does, until `unref`. */
  ref(): void;
  unref(): void;
}
