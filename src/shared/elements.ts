/**
 * Elements of one type in shared memory, read and changed one at a time. Every call here is atomic: other processes and
 * threads see it done or not done, and all see the same order. What does not fit the type is refused, never wrapped around.
 *
 *  1. `add` is a loop of compare-exchange, so that a sum out of range leaves the element as it was. Somebody else's change in
 *     between makes it try again; a process that is killed in it has added or has not. What it adds to is read plainly, which
 *     is faster: if that was not the present value, the exchange fails.
 *  2. A float is exchanged by its bits, as an integer of the same size. It is compared by value: 0 is -0, NaN is NaN.
 */
import { elementSizeBytes, type ElementOf, type ElementType, type ViewOf } from "./element-types.js";

/** Where elements are. */
export interface ElementMemory {
  readonly buffer: ArrayBufferLike;
  /** A multiple of the element's size. */
  readonly byteOffset: number;
  readonly length: number;
}

interface ElementsOver<View, Value> {
  /** The memory itself. */
  readonly view: View;
  load(index: number): Value;
  /** The value, if it fits the type. @throws TypeError | RangeError when it does not. */
  checked(value: Value): Value;
  /** @throws TypeError | RangeError when the value does not fit the type. */
  store(index: number, value: Value): void;
  /** Stores a value and returns the one it replaced. */
  exchange(index: number, value: Value): Value;
  /** Stores a value if the element is `expected`; returns what the element was. */
  compareExchange(index: number, expected: Value, value: Value): Value;
  /** Adds, and returns what the element was. @throws RangeError when the sum does not fit; the element is as it was. */
  add(index: number, amount: Value): Value;
  fill(value: Value, start?: number, end?: number): void;
}

export interface Elements<T extends ElementType> extends ElementsOver<ViewOf<T>, ElementOf<T>> {}

/** The elements of a type in some memory. */
export function elementsIn<T extends ElementType>(type: T, memory: ElementMemory): Elements<T> {
  return makers[type](memory);
}

const makers: { readonly [T in ElementType]: (memory: ElementMemory) => Elements<T> } = {
  int8: (memory) => new Integers(viewIn(Int8Array, memory), "int8", [-128, 127]),
  uint8: (memory) => new Integers(viewIn(Uint8Array, memory), "uint8", [0, 255]),
  int16: (memory) => new Integers(viewIn(Int16Array, memory), "int16", [-32_768, 32_767]),
  uint16: (memory) => new Integers(viewIn(Uint16Array, memory), "uint16", [0, 65_535]),
  int32: (memory) => new Integers(viewIn(Int32Array, memory), "int32", [-(2 ** 31), 2 ** 31 - 1]),
  uint32: (memory) => new Integers(viewIn(Uint32Array, memory), "uint32", [0, 2 ** 32 - 1]),
  int64: (memory) => new BigIntegers(viewIn(BigInt64Array, memory), "int64", [-(2n ** 63n), 2n ** 63n - 1n]),
  uint64: (memory) => new BigIntegers(viewIn(BigUint64Array, memory), "uint64", [0n, 2n ** 64n - 1n]),
  float32: (memory) => new Float32s(memory),
  float64: (memory) => new Float64s(memory),
  bool: (memory) => new Booleans(viewIn(Uint8Array, memory)),
};

type IntegerView = ViewOf<"int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32">;

class Integers<View extends IntegerView> implements ElementsOver<View, number> {
  readonly view: View;
  readonly #type: ElementType;
  readonly #min: number;
  readonly #max: number;

  constructor(view: View, type: ElementType, [min, max]: readonly [number, number]) {
    this.view = view;
    this.#type = type;
    this.#min = min;
    this.#max = max;
  }

  load(index: number): number {
    return Atomics.load(this.view, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.view, index, this.checked(value));
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this.view, index, this.checked(value));
  }

  compareExchange(index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.view, index, this.checked(expected), this.checked(value));
  }

  add(index: number, amount: number): number {
    if (!Number.isInteger(amount)) refuse(amount, this.#type, "an integer");
    for (;;) {
      const seen = this.view[index] ?? 0;
      const sum = seen + amount;
      if (sum < this.#min || sum > this.#max) refuseSum(seen, amount, this.#type);
      if (Atomics.compareExchange(this.view, index, seen, sum) === seen) return seen;
    }
  }

  fill(value: number, start?: number, end?: number): void {
    this.view.fill(this.checked(value), start, end);
  }

  checked(value: number): number {
    if (Number.isInteger(value) && value >= this.#min && value <= this.#max) return value;
    return refuse(value, this.#type, `an integer from ${this.#min} to ${this.#max}`);
  }
}

class BigIntegers<View extends ViewOf<"int64" | "uint64">> implements ElementsOver<View, bigint> {
  readonly view: View;
  readonly #type: ElementType;
  readonly #min: bigint;
  readonly #max: bigint;

  constructor(view: View, type: ElementType, [min, max]: readonly [bigint, bigint]) {
    this.view = view;
    this.#type = type;
    this.#min = min;
    this.#max = max;
  }

  load(index: number): bigint {
    return Atomics.load(this.view, index);
  }

  store(index: number, value: bigint): void {
    Atomics.store(this.view, index, this.checked(value));
  }

  exchange(index: number, value: bigint): bigint {
    return Atomics.exchange(this.view, index, this.checked(value));
  }

  compareExchange(index: number, expected: bigint, value: bigint): bigint {
    return Atomics.compareExchange(this.view, index, this.checked(expected), this.checked(value));
  }

  add(index: number, amount: bigint): bigint {
    if (typeof amount !== "bigint") refuse(amount, this.#type, "a bigint");
    for (;;) {
      const seen = this.view[index] ?? 0n;
      const sum = seen + amount;
      if (sum < this.#min || sum > this.#max) refuseSum(seen, amount, this.#type);
      if (Atomics.compareExchange(this.view, index, seen, sum) === seen) return seen;
    }
  }

  fill(value: bigint, start?: number, end?: number): void {
    this.view.fill(this.checked(value), start, end);
  }

  checked(value: bigint): bigint {
    if (typeof value === "bigint" && value >= this.#min && value <= this.#max) return value;
    return refuse(value, this.#type, `a bigint from ${this.#min}n to ${this.#max}n`);
  }
}

/** One float, seen as its bits, too. Whoever uses it is done before anybody else in this thread runs. */
const scratch64 = new Float64Array(1);
const scratchBits64 = new BigInt64Array(scratch64.buffer);

class Float64s implements Elements<"float64"> {
  readonly view: ViewOf<"float64">;
  readonly #bits: ViewOf<"int64">;

  constructor(memory: ElementMemory) {
    this.view = viewIn(Float64Array, memory);
    this.#bits = viewIn(BigInt64Array, memory);
  }

  checked(value: number): number {
    return checkedNumber(value, "float64");
  }

  load(index: number): number {
    return fromBits64(Atomics.load(this.#bits, index));
  }

  store(index: number, value: number): void {
    Atomics.store(this.#bits, index, toBits64(checkedNumber(value, "float64")));
  }

  exchange(index: number, value: number): number {
    return fromBits64(Atomics.exchange(this.#bits, index, toBits64(checkedNumber(value, "float64"))));
  }

  compareExchange(index: number, expected: number, value: number): number {
    checkedNumber(expected, "float64");
    checkedNumber(value, "float64");
    for (;;) {
      const bits = Atomics.load(this.#bits, index);
      const seen = fromBits64(bits);
      if (!isSame(seen, expected)) return seen;
      if (Atomics.compareExchange(this.#bits, index, bits, toBits64(value)) === bits) return seen;
    }
  }

  add(index: number, amount: number): number {
    checkedNumber(amount, "float64");
    for (;;) {
      const bits = this.#bits[index] ?? 0n;
      const seen = fromBits64(bits);
      if (Atomics.compareExchange(this.#bits, index, bits, toBits64(seen + amount)) === bits) return seen;
    }
  }

  fill(value: number, start?: number, end?: number): void {
    this.view.fill(checkedNumber(value, "float64"), start, end);
  }
}

const scratch32 = new Float32Array(1);
const scratchBits32 = new Int32Array(scratch32.buffer);

class Float32s implements Elements<"float32"> {
  readonly view: ViewOf<"float32">;
  readonly #bits: ViewOf<"int32">;

  constructor(memory: ElementMemory) {
    this.view = viewIn(Float32Array, memory);
    this.#bits = viewIn(Int32Array, memory);
  }

  checked(value: number): number {
    return checkedFloat32(value);
  }

  load(index: number): number {
    return fromBits32(Atomics.load(this.#bits, index));
  }

  store(index: number, value: number): void {
    Atomics.store(this.#bits, index, toBits32(checkedFloat32(value)));
  }

  exchange(index: number, value: number): number {
    return fromBits32(Atomics.exchange(this.#bits, index, toBits32(checkedFloat32(value))));
  }

  compareExchange(index: number, expected: number, value: number): number {
    checkedFloat32(expected);
    checkedFloat32(value);
    for (;;) {
      const bits = Atomics.load(this.#bits, index);
      const seen = fromBits32(bits);
      if (!isSame(seen, Math.fround(expected))) return seen;
      if (Atomics.compareExchange(this.#bits, index, bits, toBits32(value)) === bits) return seen;
    }
  }

  add(index: number, amount: number): number {
    checkedNumber(amount, "float32");
    for (;;) {
      const bits = this.#bits[index] ?? 0;
      const seen = fromBits32(bits);
      if (isTooLarge(seen + amount)) refuseSum(seen, amount, "float32");
      if (Atomics.compareExchange(this.#bits, index, bits, toBits32(seen + amount)) === bits) return seen;
    }
  }

  fill(value: number, start?: number, end?: number): void {
    this.view.fill(checkedFloat32(value), start, end);
  }
}

class Booleans implements Elements<"bool"> {
  readonly view: ViewOf<"bool">;

  constructor(view: ViewOf<"bool">) {
    this.view = view;
  }

  checked(value: boolean): boolean {
    return byteOf(value) === 1;
  }

  load(index: number): boolean {
    return Atomics.load(this.view, index) !== 0;
  }

  store(index: number, value: boolean): void {
    Atomics.store(this.view, index, byteOf(value));
  }

  exchange(index: number, value: boolean): boolean {
    return Atomics.exchange(this.view, index, byteOf(value)) !== 0;
  }

  compareExchange(index: number, expected: boolean, value: boolean): boolean {
    return Atomics.compareExchange(this.view, index, byteOf(expected), byteOf(value)) !== 0;
  }

  add(): boolean {
    throw new TypeError("Cannot add to a bool: set it, or exchange it");
  }

  fill(value: boolean, start?: number, end?: number): void {
    this.view.fill(byteOf(value), start, end);
  }
}

function viewIn<View>(type: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => View, memory: ElementMemory): View {
  return new type(memory.buffer, memory.byteOffset, memory.length);
}

function fromBits64(bits: bigint): number {
  scratchBits64[0] = bits;
  return scratch64[0] ?? 0;
}

function toBits64(value: number): bigint {
  scratch64[0] = value;
  return scratchBits64[0] ?? 0n;
}

function fromBits32(bits: number): number {
  scratchBits32[0] = bits;
  return scratch32[0] ?? 0;
}

function toBits32(value: number): number {
  scratch32[0] = value;
  return scratchBits32[0] ?? 0;
}

function byteOf(value: boolean): number {
  return typeof value === "boolean" ? Number(value) : refuse(value, "bool", "true or false");
}

function checkedNumber(value: number, type: ElementType): number {
  return typeof value === "number" ? value : refuse(value, type, "a number");
}

function checkedFloat32(value: number): number {
  return isTooLarge(checkedNumber(value, "float32")) ? refuse(value, "float32", "a number below 3.4e38") : value;
}

/** Whether a finite number would become infinite as a 32-bit float. */
function isTooLarge(value: number): boolean {
  return Number.isFinite(value) && !Number.isFinite(Math.fround(value));
}

function isSame(one: number, other: number): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

/** Wrong kind of value: TypeError; wrong value: RangeError. */
function refuse(value: unknown, type: ElementType, wanted: string): never {
  const isRightKind = typeof value === (elementSizeBytes[type] === 8 && type !== "float64" ? "bigint" : "number");
  const shown = typeof value === "bigint" ? `${value}n` : typeof value === "string" ? JSON.stringify(value) : String(value);
  const message = `Cannot use ${shown} as ${type}: it takes ${wanted}`;
  throw isRightKind && type !== "bool" ? new RangeError(message) : new TypeError(message);
}

function refuseSum(seen: number | bigint, amount: number | bigint, type: ElementType): never {
  throw new RangeError(`Cannot add ${amount} to ${seen}: the sum does not fit ${type}, and the value stays as it is`);
}
