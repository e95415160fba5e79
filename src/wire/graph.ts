/** What the encoders and decoders of single kinds of value see of the message around them. */
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { Step } from "./path.js";
import type { RecordShape } from "./record-shape.js";
import type { ShapeTable } from "./shapes.js";
import type { TextReader, TextWriter } from "./text-section.js";

export interface GraphWriter {
  readonly out: ByteWriter;
  readonly shapes: ShapeTable;
  readonly text: TextWriter;
  /** Encodes `value`, which is found at `step` from where the encoder is. */
  value(value: unknown, step: Step): void;
  /** Reads the property, and encodes its value; should reading throw, the path is the property's. */
  property(object: object, name: string | number): void;
  /** The same as `value`, and then at once what it put off. */
  whole(value: unknown, step: Step): void;
  string(text: string): void;
  /** Gives `object` the next id. */
  remember(object: object): void;
  /** Gives `object` the next id, and refuses references to it while `write` runs. */
  rememberAfter(object: object, write: () => void): void;
  /** Runs `write` one level deeper: now or, when that is too deep, later. */
  nest(write: () => void): void;
  /** Runs `write`. When something it writes cannot be sent, undoes all of it and returns false. */
  attempt(write: () => void): boolean;
  /** Takes a snapshot of `bytes`, into the body or beside it: the tag that says which, the size, the bytes. */
  blob(bytes: Uint8Array, inlineTag: number, attachedTag: number): void;
  /** A new part beside the body, for the caller to fill. */
  attach(sizeBytes: number): Uint8Array;
  /** @throws EncodeError always, with the present path: "Cannot send PATH: REASON". */
  refuse(reason: string): never;
}

export interface GraphReader {
  readonly in: ByteReader;
  readonly shapes: RecordShape[];
  readonly text: TextReader;
  value(): unknown;
  whole(): unknown;
  /** @throws DecodeError when the next value is not a string. */
  string(): string;
  remember(object: object): void;
  /** Reserves the next id for an object that is made in several steps; until `settle`, references to it are refused. */
  reserve(): number;
  settle(id: number, object: object): void;
  nest(read: () => void): void;
  /** The next part beside the body, which must have `sizeBytes`. */
  attachment(sizeBytes: number): Uint8Array;
}
