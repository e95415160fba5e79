/**
 * The encoding of a value: a tag, and what the tag calls for.
 *
 *     message     format.plain │ value                        a number, a string and the like
 *                 format.sections │ size of the graph (4 bytes) │ graph │ text
 *                 format.withModules │ the same │ modules
 *     graph       value │ what it put off
 *     text, modules                           see text-section.ts, module-list.ts
 *
 *     value       0x00–0x7f                  the integer 0–127
 *                 0x80–0xbf                  a string of 0–63 characters, which are in the text section
 *                 0xc0–0xff                  a tag of the table below
 *     text        length                    a longer string in the text section
 *     latin1, utf16   length │ characters    strings that are too long for the text section
 *     string      one of the string tags; property names, sources and messages are strings, too
 *     size, count, index, length, id         varint
 *
 *     reference   id
 *     shape       count │ names │ one value a name             the shape gets the next shape id
 *     record      shape id │ one value a name
 *     object      count │ (name │ value)*                      too many names for a shape
 *     nullObject  as `object`, without a prototype
 *     array       length │ values
 *     sparse      length │ count │ (index │ value)*
 *     int8s, int16s, int32s, float64s        length │ numbers of that width; an ordinary array
 *     properties  array │ count │ (name │ value)*              an array with more than elements
 *     map, set    values, keys and values in turn │ end
 *     view        kind │ buffer │ offset │ length              typed arrays and DataView
 *     resizable   the largest size │ arrayBuffer
 *     attached…   the size; the bytes are the next attachment
 *     byReference   the size; the memory itself is the next attachment
 *     error       class │ message │ stack │ nest of (name │ enumerable? │ whole)* end
 *     extension   name id │ the name, the first time │ whole header │ count │ nest of children
 *     whole       value │ what it put off
 *     nest        0 │ contents             or 1, and the contents are put off
 *     later       tag of the container, whose contents are put off
 *
 * Invariants:
 *  1. Each object gets the next id when it is first met, before its contents, on both sides alike; a view after its buffer.
 *  2. Nesting deeper than `deferDepth` is put off: the container is made at once, and what is in it follows when the value
 *     around it is complete, first put off, first written. So depth costs no stack.
 *  3. Header and class of a value come before the value exists; they must not refer to it.
 */
export const tag = {
  null: 0xc0,
  undefined: 0xc1,
  true: 0xc2,
  false: 0xc3,
  int8: 0xc4,
  int16: 0xc5,
  int32: 0xc6,
  float64: 0xc7,
  bigint: 0xc8,
  latin1: 0xc9,
  utf16: 0xca,
  attachedLatin1: 0xcb,
  attachedUtf16: 0xcc,
  reference: 0xcd,
  shape: 0xce,
  record: 0xcf,
  object: 0xd0,
  nullObject: 0xd1,
  array: 0xd2,
  sparse: 0xd3,
  int8s: 0xd4,
  int16s: 0xd5,
  int32s: 0xd6,
  float64s: 0xd7,
  properties: 0xd8,
  map: 0xd9,
  set: 0xda,
  end: 0xdb,
  date: 0xdc,
  regexp: 0xdd,
  boxed: 0xde,
  arrayBuffer: 0xdf,
  attachedArrayBuffer: 0xe0,
  resizable: 0xe1,
  view: 0xe2,
  buffer: 0xe3,
  attachedBuffer: 0xe4,
  url: 0xe5,
  urlSearchParams: 0xe6,
  error: 0xe7,
  domException: 0xe8,
  extension: 0xe9,
  later: 0xea,
  text: 0xeb,
  byReference: 0xec,
} as const;

/** Strings up to this length have their length in the tag. */
export const maxShortLength = 0x3f;
/** Strings up to this length are in the text section; for longer ones, a call into native code each is no loss. */
export const maxTextLength = 256;
export const shortStringTag = 0x80;

/** The first byte of a message: this version of the encoding, and which parts follow. */
export const format = { plain: 0x6d, sections: 0x6e, withModules: 0x6f } as const;
/** Format and size of the graph. */
export const headerSizeBytes = 5;

/** Levels that are written by recursion. A level costs some hundred bytes of stack, and callers need theirs. */
export const deferDepth = 200;
/** Levels of headers in headers and of errors in errors, which cannot be put off. */
export const maxDepth = 400;

/** The classes of an error on the wire. */
export const errorClass = { builtin: 0, library: 1, user: 2, unknown: 3 } as const;

/** Objects with more names than this are written as `object`. */
export const maxShapeNames = 64;

/** Bytes and strings of this size travel beside the body, and become the receiver's without another copy. */
export const attachLimitBytes = 16 * 1024;
