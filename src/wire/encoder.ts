/** Walks a value and writes the encoding that `tags.ts` draws. */
import { EncodeError, ManyhandsError, NotShippableError } from "../errors.js";
import { builtinKindOf } from "./builtin-kinds.js";
import { ByteWriter } from "./byte-writer.js";
import { encodeContents, type ContainerTag } from "./encode-container.js";
import { encodeDomException, encodeError } from "./encode-error.js";
import { encodeBigint, encodeInlineString, encodeLeaf, encodeNumber, encodeString } from "./encode-leaf.js";
import {
  ByReference,
  Replaceable,
  type CodecExtension,
  type Encoded,
  type EncodeContext,
  type ModuleRequest,
  type Parts,
} from "./extension.js";
import type { GraphWriter } from "./graph.js";
import { addModule, writeModules } from "./module-list.js";
import { FixedStep, Path, type Step, type Trail } from "./path.js";
import { ReferenceTable } from "./reference-table.js";
import { whyRefused } from "./refusals.js";
import { ShapeTable } from "./shapes.js";
import { attachLimitBytes, deferDepth, format, headerSizeBytes, maxDepth, tag } from "./tags.js";
import { TextWriter } from "./text-section.js";

/** Makes the memory for a part that travels beside the body. */
export type Allocate = (sizeBytes: number) => Uint8Array;

export function ordinaryMemory(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes);
}

/** Contents that were too deep, and the way to them. */
interface Deferred {
  readonly trail: Trail;
  readonly write: () => void;
}

const noAttachments: readonly Uint8Array[] = [];

export class Encoder implements GraphWriter {
  readonly out = new ByteWriter();
  readonly shapes = new ShapeTable();
  readonly text = new TextWriter();
  readonly #extensions: readonly CodecExtension[];
  readonly #context: EncodeContext;
  readonly #references = new ReferenceTable();
  readonly #path = new Path();
  /** Objects whose headers are being written. */
  readonly #unready = new Set<object>();
  #extensionNames: string[] = [];
  #modules: ModuleRequest[] = [];
  #attachments: Uint8Array[] = [];
  #allocate: Allocate = ordinaryMemory;
  #deferred: Deferred[] = [];
  /** How many objects lie around the present value, less one. */
  #depth = -1;

  constructor(extensions: readonly CodecExtension[]) {
    this.#extensions = extensions;
    this.#context = {
      path: () => this.#formatPath(),
      require: (request) => addModule(this.#modules, request),
      notes: new Map(),
    };
  }

  encode(value: unknown, root: string, allocate: Allocate): Encoded {
    this.#allocate = allocate;
    this.out.restart();
    this.#path.reset(root);
    this.#depth = -1;
    try {
      if (hasGraph(value)) this.#sections(value);
      else this.#plain(value);
      return { body: this.out.finish(), attachments: this.#attachments.length === 0 ? noAttachments : this.#attachments };
    } catch (error) {
      throw this.#asRefusal(error);
    } finally {
      if (this.#references.size > 0 || this.#attachments.length > 0) this.#forget();
    }
  }

  value(value: unknown, step: Step): void {
    this.#path.steps[this.#depth] = step;
    this.#any(value);
  }

  property(object: object, name: string | number): void {
    this.#path.steps[this.#depth] = name;
    this.#any((object as Readonly<Record<string | number, unknown>>)[name]);
  }

  whole(value: unknown, step: Step): void {
    const outer = this.#deferred;
    const { before, from } = this.#path;
    this.#deferred = [];
    this.#path.steps[this.#depth] = step;
    this.#enter();
    this.value(value, transparent);
    if (this.#deferred.length > 0) this.#drain();
    this.#depth--;
    this.#path.before = before;
    this.#path.from = from;
    this.#deferred = outer;
  }

  string(text: string): void {
    encodeString(this, text);
  }

  remember(object: object): void {
    this.#references.add(object);
  }

  rememberAfter(object: object, write: () => void): void {
    this.#references.add(object);
    this.#unready.add(object);
    this.#deeper(write);
    this.#unready.delete(object);
  }

  nest(write: () => void): void {
    const isTooDeep = this.#depth >= deferDepth;
    this.out.byte(isTooDeep ? 1 : 0);
    if (isTooDeep) this.#defer(write);
    else this.#deeper(write);
  }

  attempt(write: () => void): boolean {
    const undo = this.#checkpoint();
    try {
      write();
      return true;
    } catch {
      undo();
      return false;
    }
  }

  blob(bytes: Uint8Array, inlineTag: number, attachedTag: number): void {
    const isInline = bytes.length < attachLimitBytes;
    this.out.byte(isInline ? inlineTag : attachedTag);
    this.out.varint(bytes.length);
    if (isInline) this.out.bytes(bytes);
    else this.attach(bytes.length).set(bytes);
  }

  attach(sizeBytes: number): Uint8Array {
    const part = this.#allocate(sizeBytes);
    this.#attachments.push(part);
    return part;
  }

  refuse(reason: string): never {
    throw this.#refusal(reason);
  }

  #plain(value: unknown): void {
    this.out.byte(format.plain);
    if (typeof value === "string") encodeInlineString(this, value);
    else this.#any(value);
  }

  #sections(value: unknown): void {
    const { out } = this;
    out.byte(format.sections);
    out.int32(0);
    this.#any(value);
    if (this.#deferred.length > 0) this.#drain();
    out.setUint32(1, out.sizeBytes - headerSizeBytes);
    this.text.finish(out);
    if (this.#modules.length > 0) writeModules(out, this.#modules);
  }

  #any(value: unknown): void {
    switch (typeof value) {
      case "string":
        return encodeString(this, value);
      case "number":
        return encodeNumber(this, value);
      case "boolean":
        return this.out.byte(value ? tag.true : tag.false);
      case "undefined":
        return this.out.byte(tag.undefined);
      case "bigint":
        return encodeBigint(this, value);
      case "object":
        return value === null ? this.out.byte(tag.null) : this.#object(value);
      case "function":
        return this.#reference(value) ? undefined : this.#extended(value);
      case "symbol":
        this.refuse(whyRefused(value));
    }
  }

  #object(value: object): void {
    if (this.#reference(value)) return;
    const kind = builtinKindOf(value);
    switch (kind) {
      case "Object":
        return this.#container(value, tag.object);
      case "Array":
        return this.#container(value, tag.array);
      case "null":
        return this.#container(value, tag.nullObject);
      case "Map":
        return this.#container(value, tag.map);
      case "Set":
        return this.#container(value, tag.set);
      case "Error":
        return encodeError(this, value);
      case "DOMException":
        return encodeDomException(this, value);
      case undefined:
        return this.#extended(value);
      default:
        return this.#deeper(() => encodeLeaf(this, value, kind));
    }
  }

  /** Writes a reference when the value was met before. */
  #reference(value: object): boolean {
    const id = this.#references.find(value);
    if (id === undefined) return false;
    if (this.#unready.size > 0 && this.#unready.has(value)) this.refuse("what is needed to rebuild it refers to it");
    this.out.byte(tag.reference);
    this.out.varint(id);
    return true;
  }

  #container(value: object, container: ContainerTag): void {
    this.#references.add(value);
    if (this.#depth < deferDepth) {
      this.#path.steps[++this.#depth] = transparent;
      encodeContents(this, value, container);
      this.#depth--;
      return;
    }
    this.out.byte(tag.later);
    this.out.byte(container);
    this.#defer(() => encodeContents(this, value, container));
  }

  #extended(value: object): void {
    if (ByReference.is(value)) return this.#byReference(value);
    for (const extension of this.#extensions) {
      const parts = extension.dismantle(value, this.#context);
      if (parts !== undefined) return this.#parts(value, extension, parts);
    }
    this.refuse(whyRefused(value));
  }

  #parts(value: object, { name }: CodecExtension, { header, children }: Parts): void {
    this.out.byte(tag.extension);
    this.#extensionName(name);
    this.rememberAfter(value, () => this.whole(header, transparent));
    this.out.varint(children.length);
    this.nest(() => {
      for (const child of children) {
        if (child instanceof Replaceable) this.#replaceable(child);
        else this.value(child, transparent);
      }
    });
  }

  #byReference(value: ByReference): void {
    const part = new Uint8Array(value.memory);
    this.out.byte(tag.byReference);
    this.out.varint(part.length);
    this.#references.add(value);
    this.#attachments.push(part);
  }

  #replaceable({ value, replacement }: Replaceable): void {
    const undo = this.#checkpoint();
    try {
      this.value(value, transparent);
    } catch (error) {
      undo();
      this.value(replacement(error), transparent);
    }
  }

  #extensionName(name: string): void {
    const known = this.#extensionNames.indexOf(name);
    this.out.varint(known < 0 ? this.#extensionNames.length : known);
    if (known >= 0) return;
    this.#extensionNames.push(name);
    this.string(name);
  }

  #deeper(write: () => void): void {
    this.#enter();
    write();
    this.#depth--;
  }

  #enter(): void {
    if (this.#depth >= maxDepth) this.refuse("it is nested too deeply in values that must be whole");
    this.#path.steps[++this.#depth] = transparent;
  }

  #defer(write: () => void): void {
    this.#deferred.push({ trail: this.#path.trail(this.#depth + 1), write });
  }

  /** Writes what was put off, and what that puts off in turn, as if it lay right below the present depth. */
  #drain(): void {
    const depth = this.#depth;
    this.#path.from = depth + 1;
    for (const { trail, write } of this.#deferred) {
      this.#path.before = trail;
      this.#depth = depth + 1;
      write();
    }
    this.#depth = depth;
  }

  #checkpoint(): () => void {
    const [sizeBytes, references, shapes] = [this.out.sizeBytes, this.#references.size, this.shapes.size];
    const [names, modules, attachments] = [this.#extensionNames.length, this.#modules.length, this.#attachments.length];
    const [depth, deferred, deferredCount, unready] = [this.#depth, this.#deferred, this.#deferred.length, [...this.#unready]];
    const { before, from } = this.#path;
    const text = this.text.mark();
    return () => {
      this.text.rewind(text);
      this.out.rewind(sizeBytes);
      this.#references.truncate(references);
      this.shapes.truncate(shapes);
      this.#extensionNames.length = names;
      this.#modules.length = modules;
      this.#attachments.length = attachments;
      this.#depth = depth;
      this.#deferred = deferred;
      this.#deferred.length = deferredCount;
      this.#unready.clear();
      for (const object of unready) this.#unready.add(object);
      this.#path.before = before;
      this.#path.from = from;
    };
  }

  #forget(): void {
    this.#context.notes.clear();
    this.#references.clear();
    this.shapes.clear();
    this.text.clear();
    if (this.#attachments.length > 0) this.#attachments = [];
    if (this.#deferred.length > 0) this.#deferred = [];
    if (this.#extensionNames.length > 0) this.#extensionNames = [];
    if (this.#modules.length > 0) this.#modules = [];
    if (this.#unready.size > 0) this.#unready.clear();
  }

  #asRefusal(error: unknown): Error {
    if (error instanceof EncodeError || error instanceof NotShippableError) return error;
    // A shared object says itself why it cannot travel.
    return this.#refusal(error instanceof ManyhandsError ? error.message : "reading it failed", error);
  }

  #refusal(reason: string, cause?: unknown): EncodeError {
    const path = this.#formatPath();
    return new EncodeError(`Cannot send ${path}: ${reason}`, path, cause === undefined ? undefined : { cause });
  }

  #formatPath(): string {
    return this.#path.format(this.#depth + 1);
  }
}

/** Whether the value may need a text section, references or modules. */
function hasGraph(value: unknown): boolean {
  return typeof value === "object" ? value !== null : typeof value === "function" || typeof value === "bigint";
}

/** The parts of a value that was taken apart are shown at its own place. */
const transparent = new FixedStep("");
