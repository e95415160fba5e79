/** One end of a pipe: a connection over rings in shared memory, which travels between the processes of a session. */
import { RingEnd } from "../channel/ring-end.js";
import { outgoing } from "../channel/ring-writer.js";
import { DecodeError } from "../errors.js";
import { Block, isLocation, type Location } from "../memory/block.js";
import type { Deadline } from "../memory/deadline.js";
import type { Handle } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import { Spin } from "../memory/spin.js";
import { packingCodec } from "../ship/codec.js";
import type { Codec } from "../wire/codec.js";
import type { Encoded } from "../wire/extension.js";
import { Connection, type Access } from "./connection.js";
import type { Incoming, SendOutcome, Tag, Transport, TransportWait } from "./transport.js";

/** A connection over `end`, which is its own from now on. */
export function pipeEnd<T>(end: RingEnd, access: Access): Connection<T> {
  return new Connection<T>(new RingTransport(end, access), access);
}

class RingTransport implements Transport {
  readonly failure = undefined;
  readonly #end: RingEnd;
  readonly #access: Access;
  readonly #spin = new Spin();
  readonly #isReadable = (): boolean => this.#end.isReadable;

  constructor(end: RingEnd, access: Access) {
    this.#end = end;
    this.#access = access;
  }

  get codec(): Codec {
    return packingCodec();
  }

  get isPeerGone(): boolean {
    return this.#end.isPeerGone;
  }

  get isReadable(): boolean {
    return this.#end.isReadable;
  }

  get hasEnded(): boolean {
    return this.#end.isPeerGone && this.#end.reader.isEmpty;
  }

  trySend(message: Encoded, tag: Tag): boolean {
    if (this.#end.isPeerGone) return false;
    const { writer } = this.#end;
    const frame = outgoing(message, tag);
    if (writer.tryWrite(frame)) return true;
    writer.discard(frame);
    return false;
  }

  async send(message: Encoded, tag: Tag, { deadline, signal }: TransportWait): Promise<SendOutcome> {
    const frame = outgoing(message, tag);
    try {
      const outcome = await this.#end.write(frame, deadline, { signal });
      return outcome === "written" ? "sent" : outcome;
    } finally {
      this.#end.writer.discard(frame);
    }
  }

  sendSync(message: Encoded, tag: Tag, deadline: Deadline): SendOutcome {
    const frame = outgoing(message, tag);
    try {
      const outcome = this.#end.writeSync(frame, deadline);
      return outcome === "written" ? "sent" : outcome;
    } finally {
      this.#end.writer.discard(frame);
    }
  }

  tryReceive(): Incoming | undefined {
    return this.#end.reader.tryRead();
  }

  comesSoon(): boolean {
    return this.#spin.sees(this.#isReadable);
  }

  untilReadable({ deadline, signal }: TransportWait): Promise<boolean> {
    return this.#end.untilReadable(deadline, { signal });
  }

  untilReadableSync(deadline: Deadline): boolean {
    return this.#end.untilReadableSync(deadline);
  }

  attend(): void {
    this.#end.attend();
  }

  handleFor(connection: Connection): Handle {
    const { own, rings, peer, side } = this.#end;
    return { kind: "connection", data: [known.sent(own, connection), rings.send(), { peer, side, ...this.#access }] };
  }

  close(): void {
    known.forget(this.#end.own);
    this.#end.release();
  }
}

interface Arrival extends Access {
  readonly rings: Block;
  readonly peer: Location;
  readonly side: number;
}

const known = new Identities<Connection, Arrival>((own, { rings, peer, side, canRead, canWrite }) =>
  pipeEnd(new RingEnd({ side, own, rings, peer }), { canRead, canWrite }),
);

/** The connection a handle names. */
export function fromHandle(data: unknown): Connection {
  if (!Array.isArray(data) || !isArrival(data[2])) throw new DecodeError("Cannot read a connection: its handle is malformed.");
  const rings = Block.attach(data[1]);
  let isNew = false;
  try {
    return known.received(data[0], {
      ...data[2],
      get rings() {
        isNew = true;
        return rings;
      },
    });
  } finally {
    if (!isNew) rings.release();
  }
}

function isArrival(value: unknown): value is Omit<Arrival, "rings"> {
  if (typeof value !== "object" || value === null) return false;
  const { peer, side, canRead, canWrite } = value as Partial<Record<keyof Arrival, unknown>>;
  return isLocation(peer) && (side === 0 || side === 1) && typeof canRead === "boolean" && typeof canWrite === "boolean";
}
