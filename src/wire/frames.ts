/**
 * Turns the messages of `messages.ts` into frames and back.
 *
 *     body:  kind (1 byte) │ fields of the kind
 *     number:   varint
 *     flag:     1 byte, 0 or 1
 *     text:     varint: UTF-16 code units │ 2 bytes each
 *     payload:  varint: 2 × size of its body + (1 when the body is an attachment) │ the body, unless attached │
 *               varint: 2 × how many attachments it has + (1 when the receiver is to let go of its cargo) │ 2 varints: that one's name
 *
 * Invariants:
 *  1. Attachments are in the order of the payloads; an attached body stands before the attachments of its payload.
 *  2. A payload's body of `inlineLimitBytes` or more, and every attachment, passes through by reference: it becomes the
 *     channel's. Except in `define`, whose code goes to many workers and must outlive each sending.
 *  3. A frame that was read to its end has no bytes and no attachments left over; otherwise it is refused.
 */
import { DecodeError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { type Encoded, isByReference } from "./extension.js";
import type { Failure, HostMessage, Identity, Payload, TaskHead, WorkerMessage } from "./messages.js";

/**
 * One message as a channel carries it: a body, and large binary parts that travel beside it without being copied into it.
 *
 * A body may be a window on memory that other bodies share: a channel copies it, or sends it, but never transfers its
 * buffer. An attachment owns its memory on both sides: a receiver makes values of it without copying.
 */
export interface Frame {
  readonly body: Uint8Array;
  readonly attachments: readonly Uint8Array[];
}

/** Below this, copying a body behind the frame's header is cheaper than another part to send. */
const inlineLimitBytes = 4096;

const hostKinds = ["boot", "define", "forget", "tickets", "run", "chunk", "stop"] as const;
const workerKinds = ["ready", "failed", "value", "error", "outcomes"] as const;
const noAttachments: readonly Uint8Array[] = [];

export function encodeHostMessage(message: HostMessage): Frame {
  const frame = new FrameWriter(hostKinds.indexOf(message.kind));
  switch (message.kind) {
    case "boot":
      writeIdentity(frame, message.identity);
      break;
    case "define":
      frame.number(message.functionId);
      frame.payload(copyOf(message.code));
      break;
    case "forget":
      frame.number(message.functionId);
      break;
    case "tickets":
      frame.payload(message.words);
      break;
    case "run":
      writeTaskHead(frame, message);
      frame.payload(message.args);
      break;
    case "chunk":
      writeTaskHead(frame, message);
      frame.flag(message.spread);
      frame.payload(message.items);
      break;
    case "stop":
      break;
  }
  return frame.finish();
}

function copyOf({ body, attachments, cargo }: Payload): Payload {
  return {
    ...(cargo === undefined ? {} : { cargo }),
    body: body.length < inlineLimitBytes ? body : new Uint8Array(body),
    attachments: attachments.map((part) => (isByReference(part) ? part : new Uint8Array(part))),
  };
}

/** @throws DecodeError when the frame is not a host's message. */
export function decodeHostMessage(frame: Frame): HostMessage {
  const reader = new FrameReader(frame);
  const message = readHostMessage(reader);
  reader.end();
  return message;
}

function readHostMessage(reader: FrameReader): HostMessage {
  const kind = hostKinds[reader.kind];
  switch (kind) {
    case "boot":
      return { kind, identity: readIdentity(reader) };
    case "define":
      return { kind, functionId: reader.number(), code: reader.payload() };
    case "forget":
      return { kind, functionId: reader.number() };
    case "tickets":
      return { kind, words: reader.payload() };
    case "run":
      return { kind, ...readTaskHead(reader), args: reader.payload() };
    case "chunk":
      return { kind, ...readTaskHead(reader), spread: reader.flag(), items: reader.payload() };
    case "stop":
      return { kind };
    default:
      throw new DecodeError(`Cannot decode a host's message: there is no kind ${reader.kind}`);
  }
}

export function encodeWorkerMessage(message: WorkerMessage): Frame {
  const frame = new FrameWriter(workerKinds.indexOf(message.kind));
  switch (message.kind) {
    case "ready":
      break;
    case "failed":
      frame.payload(message.error);
      break;
    case "value":
      frame.number(message.taskId);
      frame.payload(message.value);
      break;
    case "error":
      frame.number(message.taskId);
      frame.payload(message.error);
      break;
    case "outcomes":
      frame.number(message.taskId);
      frame.payload(message.values);
      frame.number(message.failures.length);
      for (const failure of message.failures) {
        frame.number(failure.index);
        frame.payload(failure.error);
      }
      break;
  }
  return frame.finish();
}

/** @throws DecodeError when the frame is not a worker's message. */
export function decodeWorkerMessage(frame: Frame): WorkerMessage {
  const reader = new FrameReader(frame);
  const message = readWorkerMessage(reader);
  reader.end();
  return message;
}

function readWorkerMessage(reader: FrameReader): WorkerMessage {
  const kind = workerKinds[reader.kind];
  switch (kind) {
    case "ready":
      return { kind };
    case "failed":
      return { kind, error: reader.payload() };
    case "value":
      return { kind, taskId: reader.number(), value: reader.payload() };
    case "error":
      return { kind, taskId: reader.number(), error: reader.payload() };
    case "outcomes":
      return { kind, taskId: reader.number(), values: reader.payload(), failures: readFailures(reader) };
    default:
      throw new DecodeError(`Cannot decode a worker's message: there is no kind ${reader.kind}`);
  }
}

function writeTaskHead(frame: FrameWriter, { taskId, ticket, functionId }: TaskHead): void {
  frame.number(taskId);
  frame.number(ticket);
  frame.number(functionId);
}

function readTaskHead(reader: FrameReader): TaskHead {
  return { taskId: reader.number(), ticket: reader.number(), functionId: reader.number() };
}

function readFailures(reader: FrameReader): readonly Failure[] {
  const failures: Failure[] = [];
  for (let left = reader.count(leastFailureSizeBytes); left > 0; left--) {
    failures.push({ index: reader.number(), error: reader.payload() });
  }
  return failures;
}

/** An index, an empty payload, no attachments. */
const leastFailureSizeBytes = 3;

function writeIdentity(frame: FrameWriter, identity: Identity): void {
  frame.text(identity.name);
  frame.flag(identity.daemon);
  frame.flag(identity.role === "pool");
  frame.number(identity.parent.pid);
  frame.text(identity.parent.name);
  frame.number(identity.path.length);
  for (const step of identity.path) frame.number(step);
}

function readIdentity(reader: FrameReader): Identity {
  return {
    name: reader.text(),
    daemon: reader.flag(),
    role: reader.flag() ? "pool" : "process",
    parent: { pid: reader.number(), name: reader.text() },
    path: Array.from({ length: reader.count(1) }, () => reader.number()),
  };
}

/** One for all frames: a frame is written in one go. */
const writer = new ByteWriter();

class FrameWriter {
  #attachments: Uint8Array[] | undefined;

  constructor(kind: number) {
    writer.restart();
    writer.byte(kind);
  }

  number(value: number): void {
    writer.varint(value);
  }

  flag(value: boolean): void {
    writer.byte(value ? 1 : 0);
  }

  text(value: string): void {
    writer.text(value);
  }

  payload({ body, attachments, cargo }: Payload): void {
    if (body.length < inlineLimitBytes) {
      writer.varint(body.length * 2);
      writer.bytes(body);
    } else {
      writer.varint(body.length * 2 + 1);
      this.#attach(body);
    }
    writer.varint(attachments.length * 2 + (cargo === undefined ? 0 : 1));
    if (cargo !== undefined) {
      writer.varint(cargo.name.reference);
      writer.varint(cargo.name.generation);
    }
    for (const attachment of attachments) this.#attach(attachment);
  }

  finish(): Frame {
    return { body: writer.finish(), attachments: this.#attachments ?? noAttachments };
  }

  #attach(part: Uint8Array): void {
    (this.#attachments ??= []).push(part);
  }
}

class FrameReader {
  readonly kind: number;
  readonly #reader: ByteReader;
  readonly #attachments: readonly Uint8Array[];
  #nextAttachment = 0;

  constructor(frame: Frame) {
    this.#reader = new ByteReader(frame.body);
    this.#attachments = frame.attachments;
    this.kind = this.#reader.byte();
  }

  number(): number {
    return this.#reader.varint();
  }

  count(leastSizeBytes: number): number {
    return this.#reader.count(leastSizeBytes);
  }

  flag(): boolean {
    return this.#reader.flag();
  }

  text(): string {
    return this.#reader.text();
  }

  payload(): Encoded {
    const size = this.#reader.varint();
    const sizeBytes = Math.floor(size / 2);
    const body = size % 2 === 1 ? this.#attachedBody(sizeBytes) : this.#reader.bytes(sizeBytes);
    const number = this.#reader.varint();
    const count = Math.floor(number / 2);
    const name = number % 2 === 1 ? { reference: this.#reader.varint(), generation: this.#reader.varint() } : undefined;
    const attachments = count === 0 ? noAttachments : this.#take(count);
    return name === undefined ? { body, attachments } : { body, attachments, cargo: { name, release() {} } };
  }

  end(): void {
    this.#reader.end();
    if (this.#nextAttachment !== this.#attachments.length) throw new DecodeError("Cannot decode a message: it has too many attachments");
  }

  #attachedBody(sizeBytes: number): Uint8Array {
    const body = this.#take(1)[0];
    if (body?.length !== sizeBytes) throw new DecodeError("Cannot decode a message: an attachment has the wrong size");
    return body;
  }

  #take(count: number): readonly Uint8Array[] {
    const end = this.#nextAttachment + count;
    if (end > this.#attachments.length) throw new DecodeError("Cannot decode a message: attachments are missing");
    const taken = this.#attachments.slice(this.#nextAttachment, end);
    this.#nextAttachment = end;
    return taken;
  }
}
