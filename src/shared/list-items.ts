/** How an item of a shareable list is bytes. */
export type ListItem = number | bigint | boolean | string | Uint8Array | null;

/** Numbers on the wire: never change their meaning, only add. */
const kinds = { nothing: 0, no: 1, yes: 2, number: 3, bigint: 4, text: 5, bytes: 6 } as const;

/** What a slot holds: the kind, and bytes of which any number may be there. */
export interface EncodedItem {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const none = new Uint8Array(0);
const leastInt64 = -(2n ** 63n);
const greatestInt64 = 2n ** 63n - 1n;

/** @throws TypeError when a list cannot hold such a value; RangeError when it is a bigint beyond 64 bits, or a broken string. */
export function encodeItem(value: unknown): EncodedItem {
  if (value === null) return { kind: kinds.nothing, bytes: none };
  if (value instanceof Uint8Array) return { kind: kinds.bytes, bytes: value };
  switch (typeof value) {
    case "boolean":
      return { kind: value ? kinds.yes : kinds.no, bytes: none };
    case "number":
      return { kind: kinds.number, bytes: new Uint8Array(new Float64Array([value]).buffer) };
    case "bigint":
      if (value < leastInt64 || value > greatestInt64)
        throw new RangeError(`Cannot put ${value}n into a shareable list: it holds bigints of 64 bits`);
      return { kind: kinds.bigint, bytes: new Uint8Array(new BigInt64Array([value]).buffer) };
    case "string":
      if (/\p{Surrogate}/u.test(value))
        throw new RangeError("Cannot put a string into a shareable list: it has half of a surrogate pair, which UTF-8 cannot say");
      return { kind: kinds.text, bytes: Buffer.from(value) };
    default:
      throw new TypeError(
        `Cannot put ${value === undefined ? "undefined" : `a value of the type ${typeof value}`} into a shareable list: ` +
          `it holds numbers, bigints, booleans, strings, Uint8Arrays and null`,
      );
  }
}

/** How many bytes a slot has that begins with this item: for text and bytes as many as these, and at least one more, in steps of eight. */
export function roomFor({ kind, bytes }: EncodedItem): number {
  return kind === kinds.text || kind === kinds.bytes ? 8 * (Math.floor(bytes.length / 8) + 1) : 8;
}

/** The item; `undefined` when there is no such kind. `bytes` becomes its own. */
export function decodeItem({ kind, bytes }: EncodedItem): ListItem | undefined {
  switch (kind) {
    case kinds.nothing:
      return null;
    case kinds.no:
      return false;
    case kinds.yes:
      return true;
    case kinds.number:
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, isLittleEndian);
    case kinds.bigint:
      return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, isLittleEndian);
    case kinds.text:
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    case kinds.bytes:
      return bytes;
    default:
      return undefined;
  }
}

/** Whether a list's `indexOf` takes them for the same: numbers as `includes` of an array does, bytes by their contents. */
export function isSameItem(one: ListItem, other: ListItem): boolean {
  if (one instanceof Uint8Array) return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
