/**
 * The fields of structs that lie one after the other in memory, as in an array of C.
 *
 *     { a: int16, b: int32 }      a . b b │ a . b b │ a . b b       a: elements 0, 4, 8 of a view of int16
 *                                                                   b: elements 1, 3, 5 of a view of int32
 *
 *  1. The size of a struct is a multiple of the size of each of its fields. So a field is every nth element of one view of its
 *     type, and no struct needs views of its own.
 *  2. Every field is read and written atomically. Several are written one after the other, in order, once all their values
 *     are known to fit: a process that is killed in between has written the first of them.
 */
import { elementSizeBytes, type ElementOf, type ElementType } from "./element-types.js";
import { elementsIn, type Elements } from "./elements.js";
import type { StructLayout } from "./struct-layout.js";

type FieldValue = ElementOf<ElementType>;

/** Values that fit their fields, in order; `undefined` is for those that were not given. */
export type CheckedValues = readonly (FieldValue | undefined)[];

interface Field {
  readonly name: string;
  readonly elements: Elements<ElementType>;
  /** The index among the elements of the first struct's field, and how far the next struct's is from it. */
  readonly first: number;
  readonly step: number;
}

/** Where structs are. */
export interface StructMemory {
  readonly buffer: ArrayBufferLike;
  /** A multiple of 8. */
  readonly byteOffset: number;
  /** How many structs. */
  readonly length: number;
}

export class StructFields {
  readonly #fields: readonly Field[];

  /** @throws RangeError when the structs do not fit in the memory. */
  constructor({ fields, sizeBytes }: StructLayout, { buffer, byteOffset, length }: StructMemory) {
    const views = new Map<ElementType, Elements<ElementType>>();
    this.#fields = fields.map((field) => {
      const step = sizeBytes / elementSizeBytes[field.type];
      const elements = views.get(field.type) ?? elementsIn<ElementType>(field.type, { buffer, byteOffset, length: length * step });
      views.set(field.type, elements);
      return { name: field.name, elements, first: field.byteOffset / elementSizeBytes[field.type], step };
    });
  }

  /** `place` is that of the field in the layout, here and in `store`. */
  load(index: number, place: number): FieldValue {
    const { elements, first, step } = this.#at(place);
    return elements.load(index * step + first);
  }

  /** @throws TypeError | RangeError when the value does not fit. */
  store(index: number, place: number, value: FieldValue): void {
    const { elements, first, step } = this.#at(place);
    elements.store(index * step + first, value);
  }

  /** @throws RangeError when the sum does not fit; TypeError when there is no such field, or it is a `bool`. */
  add(index: number, name: string, amount: number | bigint): FieldValue {
    const field = this.#fields.find((each) => each.name === name);
    if (field === undefined) return this.#refuse(name);
    return field.elements.add(index * field.step + field.first, amount);
  }

  /** A copy of the fields of a struct. */
  read(index: number): Record<string, FieldValue> {
    return Object.fromEntries(this.#fields.map(({ name }, place) => [name, this.load(index, place)]));
  }

  /** The values an object, or another struct, has for the fields. @throws TypeError | RangeError when one does not fit, or is for no field. */
  checked(values: unknown): CheckedValues {
    if (typeof values !== "object" || values === null)
      throw new TypeError(`Cannot use ${String(values)} as a shared struct: it needs the values of its fields, { name: value }`);
    for (const name of Object.keys(values)) {
      if (!this.#fields.some((field) => field.name === name)) this.#refuse(name);
    }
    // Also those that are not its own: a struct's are its class's.
    return this.#fields.map(({ name, elements }) =>
      name in values ? elements.checked((values as Record<string, FieldValue>)[name] as FieldValue) : undefined,
    );
  }

  /** The same, of an object that has all the fields. @throws TypeError when it has not. */
  checkedAll(values: unknown): CheckedValues {
    const checked = this.checked(values);
    const missing = this.#fields.find((_field, place) => checked[place] === undefined);
    if (missing === undefined) return checked;
    throw new TypeError(`Cannot use as a whole struct what has no field "${missing.name}": to change some fields, use those of at(index)`);
  }

  write(index: number, values: CheckedValues): void {
    for (const [place, value] of values.entries()) {
      if (value !== undefined) this.store(index, place, value);
    }
  }

  #at(place: number): Field {
    const field = this.#fields[place];
    if (field === undefined) throw new RangeError(`Cannot use the field ${place} of a shared struct: it has ${this.#fields.length}`);
    return field;
  }

  #refuse(name: string): never {
    const names = this.#fields.map((field) => field.name).join(", ");
    throw new TypeError(`Cannot use the field "${name}" of a shared struct: it has ${names}`);
  }
}
