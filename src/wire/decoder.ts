/** Rebuilds a value from the encoding that `tags.ts` draws. Trusts nothing it reads. */
import { DecodeError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";
import { decodeContents, knownShape, newContainer } from "./decode-container.js";
import { decodeDomException, decodeError } from "./decode-error.js";
import { decodeBigint, decodeLeaf, decodeString } from "./decode-leaf.js";
import type { CodecExtension, DecodeContext, Encoded } from "./extension.js";
import type { GraphReader } from "./graph.js";
import { readModuleList } from "./module-list.js";
import type { RecordShape } from "./record-shape.js";
import { format, headerSizeBytes, maxDepth, maxShortLength, shortStringTag, tag } from "./tags.js";
import { TextReader } from "./text-section.js";

export interface DecoderOptions {
  readonly extensions: ReadonlyMap<string, CodecExtension>;
  readonly context: DecodeContext;
}

/** A reserved id whose object is being made. */
const unready = Symbol("unready");

/** The encoder recurses no deeper; a few levels belong to both sides of the limit. */
const deepest = maxDepth + 8;

export class Decoder implements GraphReader {
  readonly in: ByteReader;
  readonly text: TextReader;
  readonly shapes: RecordShape[] = [];
  readonly #options: DecoderOptions;
  readonly #attachments: readonly Uint8Array[];
  readonly #objects: (object | typeof unready)[] = [];
  readonly #extensionNames: string[] = [];
  #deferred: (() => void)[] = [];
  #nextAttachment = 0;
  #depth = 0;

  /** @throws DecodeError when the message has not even its sections. */
  constructor({ body, attachments }: Encoded, options: DecoderOptions) {
    const { graph, text } = sectionsOf(body);
    this.in = graph;
    this.text = new TextReader(text);
    this.#attachments = attachments;
    this.#options = options;
  }

  decode(): unknown {
    const value = this.value();
    this.#drain();
    this.in.end();
    this.text.end();
    if (this.#nextAttachment !== this.#attachments.length) throw malformed("it has too many attachments");
    return value;
  }

  value(): unknown {
    const head = this.in.byte();
    if (head < shortStringTag) return head;
    if (head <= shortStringTag + maxShortLength) return this.text.take(head - shortStringTag);
    return this.#tagged(head);
  }

  whole(): unknown {
    const outer = this.#deferred;
    this.#deferred = [];
    this.#enter();
    const value = this.value();
    this.#drain();
    this.#depth--;
    this.#deferred = outer;
    return value;
  }

  string(): string {
    const head = this.in.byte();
    if (head >= shortStringTag && head <= shortStringTag + maxShortLength) return this.text.take(head - shortStringTag);
    const text = decodeString(this, head);
    if (text === undefined) throw malformed("a text in it is not a string");
    return text;
  }

  remember(object: object): void {
    this.#objects.push(object);
  }

  reserve(): number {
    this.#enter();
    return this.#objects.push(unready) - 1;
  }

  settle(id: number, object: object): void {
    this.#depth--;
    this.#objects[id] = object;
  }

  nest(read: () => void): void {
    if (this.in.flag()) {
      this.#deferred.push(read);
      return;
    }
    this.#enter();
    read();
    this.#depth--;
  }

  attachment(sizeBytes: number): Uint8Array {
    const part = this.#attachments[this.#nextAttachment++];
    if (part?.length !== sizeBytes) throw malformed("an attachment is missing or has the wrong size");
    return part;
  }

  #tagged(head: number): unknown {
    switch (head) {
      case tag.null:
        return null;
      case tag.undefined:
        return undefined;
      case tag.true:
        return true;
      case tag.false:
        return false;
      case tag.int8:
        return (this.in.byte() << 24) >> 24;
      case tag.int16:
        return this.in.int16();
      case tag.int32:
        return this.in.int32();
      case tag.float64:
        return this.in.float64();
      case tag.record:
        return this.#record();
      case tag.reference:
        return this.#reference();
      case tag.later:
        return this.#later();
      case tag.bigint:
        return decodeBigint(this);
      case tag.error:
        return decodeError(this);
      case tag.domException:
        return decodeDomException(this);
      case tag.extension:
        return this.#extended();
      default:
        return decodeString(this, head) ?? this.#container(head) ?? this.#leaf(head);
    }
  }

  #record(): object {
    const shape = knownShape(this);
    const object = shape.create();
    this.#objects.push(object);
    this.#enter();
    shape.fill(object, this);
    this.#depth--;
    return object;
  }

  #container(head: number): object | undefined {
    const container = newContainer(head);
    if (container === undefined) return undefined;
    this.#objects.push(container);
    this.#enter();
    decodeContents(this, head, container);
    this.#depth--;
    return container;
  }

  #leaf(head: number): object {
    this.#enter();
    const value = decodeLeaf(this, head);
    this.#depth--;
    return value;
  }

  #reference(): object {
    const object = this.#objects[this.in.varint()];
    if (object === undefined || typeof object === "symbol") throw malformed("it refers to an object that is not there");
    return object;
  }

  #later(): object {
    const container = newContainer(this.in.byte());
    if (container === undefined) throw malformed("it puts off what is not a container");
    this.#objects.push(container);
    this.#deferred.push(() => decodeContents(this, this.in.byte(), container));
    return container;
  }

  #extended(): object {
    const extension = this.#extension();
    const id = this.reserve();
    const assembly = extension.assemble(this.whole(), this.#options.context);
    this.settle(id, assembly.value);
    const count = this.in.count(1);
    this.nest(() => {
      const children: unknown[] = [];
      while (children.length < count) children.push(this.value());
      // oxlint-disable-next-line no-array-fill-with-reference-type -- it is not an array's
      assembly.fill(children);
    });
    return assembly.value;
  }

  #extension(): CodecExtension {
    const id = this.in.varint();
    if (id === this.#extensionNames.length) this.#extensionNames.push(this.string());
    const name = this.#extensionNames[id];
    const extension = name === undefined ? undefined : this.#options.extensions.get(name);
    if (extension === undefined) throw malformed(`nothing here reads "${name ?? id}"`);
    return extension;
  }

  #drain(): void {
    for (const read of this.#deferred) {
      this.#enter();
      read();
      this.#depth--;
    }
  }

  #enter(): void {
    if (++this.#depth > deepest) throw malformed("it is nested too deeply");
  }
}

function sectionsOf(body: Uint8Array): { readonly graph: ByteReader; readonly text: ByteReader } {
  switch (body[0]) {
    case format.plain:
      return { graph: new ByteReader(body, 1), text: new ByteReader(body, body.length) };
    case format.sections:
      return split(body, body.length);
    case format.withModules:
      return split(body, readModuleList(body).start);
    default:
      throw malformed("it is of another version of the library");
  }
}

function split(body: Uint8Array, end: number): { readonly graph: ByteReader; readonly text: ByteReader } {
  const middle = headerSizeBytes + new ByteReader(body, 1).uint32();
  if (middle > end) throw malformed("it ends too early");
  return { graph: new ByteReader(body, headerSizeBytes, middle), text: new ByteReader(body, middle, end) };
}

function malformed(reason: string): DecodeError {
  return new DecodeError(`Cannot decode a message: ${reason}`);
}
