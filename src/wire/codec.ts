/** Turns values into bytes and back: what `structuredClone` keeps, and what extensions add. `tags.ts` draws the encoding. */
import { DecodeError } from "../errors.js";
import { Decoder, type DecoderOptions } from "./decoder.js";
import { Encoder, ordinaryMemory, type Allocate } from "./encoder.js";
import type { CodecExtension, Encoded, ModuleRequest } from "./extension.js";
import { readModuleList } from "./module-list.js";
import { format } from "./tags.js";

export type { Allocate };

export interface Codec {
  /**
   * Takes a snapshot of `value`: what is changed afterwards arrives as it was. `root` names the value in errors (`args`,
   * `items`, `result`). `allocate` makes the memory for large binary parts; ordinary memory when not given.
   * @throws EncodeError when a part of it cannot be sent; `path` says which.
   * @throws NotShippableError when an extension refuses a function.
   */
  encode(value: unknown, root: string, allocate?: Allocate): Encoded;
  /** Says that the body of a message was copied: its memory may be used for the next one. For senders of many messages. */
  reclaim(encoded: Encoded): void;
  /**
   * Imports the modules that the message needs; `undefined` when there is nothing to wait for, as is usual. Rejects with
   * the import's error.
   * @throws DecodeError when the list of modules is damaged.
   */
  prepare(encoded: Encoded): Promise<void> | undefined;
  /**
   * Rebuilds the value. Takes over the attachments' memory, so a message is decoded once.
   * @throws DecodeError when the bytes are not a message, or a module it needs was not prepared.
   */
  decode(encoded: Encoded): unknown;
}

export interface CodecOptions {
  /** Asked in this order for functions, and for objects of classes that are not the language's own. */
  readonly extensions: readonly CodecExtension[];
  readonly loadModule: (request: ModuleRequest) => Promise<object>;
}

export function createCodec(options: CodecOptions): Codec {
  return new GraphCodec(options);
}

class GraphCodec implements Codec {
  readonly #options: CodecOptions;
  readonly #decoding: DecoderOptions;
  readonly #modules = new Map<string, object>();
  /** Taken out while it is at work: a getter or an extension may call `encode` in the middle of another. */
  #idleEncoder: Encoder | undefined;

  constructor(options: CodecOptions) {
    this.#options = options;
    const extensions = new Map(options.extensions.map((extension) => [extension.name, extension]));
    this.#decoding = { extensions, context: { module: (request) => this.#module(request) } };
  }

  encode(value: unknown, root: string, allocate: Allocate = ordinaryMemory): Encoded {
    const encoder = this.#idleEncoder ?? new Encoder(this.#options.extensions);
    this.#idleEncoder = undefined;
    try {
      return encoder.encode(value, root, allocate);
    } finally {
      this.#idleEncoder = encoder;
    }
  }

  reclaim({ body }: Encoded): void {
    this.#idleEncoder?.out.reclaim(body);
  }

  prepare(encoded: Encoded): Promise<void> | undefined {
    if (encoded.body[0] !== format.withModules) return undefined;
    const missing = readModuleList(encoded.body).modules.filter((request) => !this.#modules.has(keyOf(request)));
    return missing.length === 0 ? undefined : this.#load(missing);
  }

  decode(encoded: Encoded): unknown {
    return new Decoder(encoded, this.#decoding).decode();
  }

  async #load(requests: readonly ModuleRequest[]): Promise<void> {
    const load = async (request: ModuleRequest) => void this.#modules.set(keyOf(request), await this.#options.loadModule(request));
    await Promise.all(requests.map(load));
  }

  #module(request: ModuleRequest): object {
    const loaded = this.#modules.get(keyOf(request));
    if (loaded === undefined) throw new DecodeError(`Cannot decode a message: the module ${request.specifier} was not loaded before`);
    return loaded;
  }
}

function keyOf({ specifier, parent }: ModuleRequest): string {
  return JSON.stringify([specifier, parent]);
}
