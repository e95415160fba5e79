import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { types } from "node:util";
import { test } from "node:test";
import { BufferTooShortError, RemoteError, TimeoutError, WorkerDiedError } from "#lib/errors.js";
import { createCodec } from "#lib/wire/codec.js";
import type { CodecExtension } from "#lib/wire/extension.js";

const noModules = () => Promise.reject(new Error("no modules here"));
const plain = createCodec({ extensions: [], loadModule: noModules });

class PaymentError extends TypeError {
  static made = 0;
  readonly amount: number;

  constructor(message: string, amount: number) {
    super(message);
    this.amount = amount;
    PaymentError.made++;
  }

  get text(): string {
    return `${this.message}: ${this.amount}`;
  }
}

/** Ships the one class both sides know. */
const classes: CodecExtension = {
  name: "class",
  dismantle: (value) => (value === PaymentError ? { header: "PaymentError", children: [] } : undefined),
  assemble: () => ({ value: PaymentError, fill: () => {} }),
};
const withClasses = createCodec({ extensions: [classes], loadModule: noModules });

function cross(error: unknown, codec = plain): any {
  return codec.decode(codec.encode(error, "error"));
}

test("builtin errors keep their class, message, stack and cause", () => {
  for (const Kind of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const error = new Kind("went wrong", { cause: { at: 5 } });
    const arrived = cross(error);
    assert.equal(Object.getPrototypeOf(arrived), Kind.prototype);
    assert.ok(types.isNativeError(arrived));
    assert.deepStrictEqual([arrived.message, arrived.stack, arrived.cause], [error.message, error.stack, { at: 5 }]);
    assert.deepStrictEqual(Object.keys(arrived), [], "what is hidden stays hidden");
  }
});

test("an aggregate keeps its errors, and a chain of causes its order", () => {
  const arrived = cross(new AggregateError([new TypeError("a"), "b"], "both", { cause: new RangeError("c", { cause: "d" }) }));
  assert.ok(arrived instanceof AggregateError && arrived.errors[0] instanceof TypeError && arrived.cause instanceof RangeError);
  assert.deepStrictEqual([arrived.errors[1], arrived.cause.cause], ["b", "d"]);
});

test("an error that is its own cause arrives as one", () => {
  const error = new Error("loop");
  error.cause = { error };
  const arrived = cross(error);
  assert.equal(arrived.cause.error, arrived);
});

test("thousands of causes in a row do not hide the error", () => {
  let error = new Error("first");
  for (let level = 0; level < 5000; level++) error = new Error(`level ${level}`, { cause: error });
  const arrived = cross(error);
  assert.equal(arrived.message, "level 4999");
  assert.equal(arrived.cause.cause.message, "level 4997");
});

test("a system error keeps code, errno, syscall and path", () => {
  assert.throws(
    () => readFileSync("/no/such/file"),
    (error: NodeJS.ErrnoException) => {
      const arrived = cross(error);
      assert.deepStrictEqual(
        [arrived.code, arrived.errno, arrived.syscall, arrived.path],
        [error.code, error.errno, "open", "/no/such/file"],
      );
      return arrived instanceof Error && arrived.stack === error.stack;
    },
  );
});

test("one of Node's own errors keeps its class and code", () => {
  assert.throws(
    () => Buffer.alloc("x" as unknown as number),
    (error) => {
      const arrived = cross(error);
      return arrived instanceof TypeError && Reflect.get(arrived, "code") === "ERR_INVALID_ARG_TYPE";
    },
  );
});

test("the reason of an abort arrives as the DOMException it is", () => {
  const arrived = cross(AbortSignal.abort().reason);
  assert.ok(arrived instanceof DOMException);
  assert.deepStrictEqual([arrived.name, arrived.message, arrived.code], ["AbortError", "This operation was aborted", 20]);
});

test("this library's errors arrive as their own class, with their fields", () => {
  const short = cross(new BufferTooShortError("too short", new Uint8Array([1, 2])));
  assert.ok(short instanceof BufferTooShortError);
  assert.deepStrictEqual([short.code, short.bytes, short.name], ["ERR_BUFFER_TOO_SHORT", new Uint8Array([1, 2]), "BufferTooShortError"]);
  const died = cross(new TimeoutError("late", 300));
  assert.ok(died instanceof TimeoutError && !(died instanceof WorkerDiedError));
});

test("a user's class that can be shipped comes back, and its constructor does not run", () => {
  const error = new PaymentError("declined", 12);
  const made = PaymentError.made;
  const arrived = cross(error, withClasses);
  assert.ok(arrived instanceof PaymentError);
  assert.deepStrictEqual([arrived.text, arrived.stack, PaymentError.made], ["declined: 12", error.stack, made]);
});

test("a user's class that cannot be shipped arrives as a RemoteError with everything else", () => {
  const error: Error = Object.assign(new PaymentError("declined", 12) as Error, {
    name: "PaymentError",
    code: "E_DECLINED",
    socket: Symbol("no"),
    cause: 7,
  });
  const arrived = cross(error);
  assert.ok(arrived instanceof RemoteError && types.isNativeError(arrived));
  assert.deepStrictEqual([arrived.remoteName, arrived.message, arrived.stack, arrived.cause], ["PaymentError", "declined", error.stack, 7]);
  assert.deepStrictEqual(
    [Reflect.get(arrived, "amount"), Reflect.get(arrived, "code"), Reflect.has(arrived, "socket")],
    [12, "E_DECLINED", false],
  );
  assert.equal(cross(new PaymentError("x", 1)).code, "ERR_REMOTE");
});

test("a property that cannot be sent is dropped, and neither the error nor its other properties", () => {
  const shared = { big: Buffer.alloc(30_000, 1) };
  const error = Object.assign(new Error("request failed"), {
    request: { shared, agent: () => {} },
    shared,
    status: 500,
  });
  Object.defineProperty(error, "boom", {
    enumerable: true,
    get: () => {
      throw new Error("getter");
    },
  });
  const arrived = cross([error, shared]);
  assert.deepStrictEqual(Object.keys(arrived[0]), ["shared", "status"]);
  assert.equal(arrived[0].shared, arrived[1]);
  assert.equal(arrived[1].big.length, 30_000);
});

test("a property with something unsendable very deep inside is dropped as well", () => {
  let deep: unknown = Symbol("s");
  for (let level = 0; level < 1000; level++) deep = [deep];
  const arrived = cross(Object.assign(new Error("kept"), { deep, after: 1 }));
  assert.deepStrictEqual([arrived.message, Object.keys(arrived)], ["kept", ["after"]]);
});

test("an error whose message and stack are not strings still arrives", () => {
  const error = new Error("x");
  Object.defineProperty(error, "stack", {
    get: () => {
      throw new Error("no");
    },
  });
  Object.defineProperty(error, "message", { value: 5 });
  assert.ok(cross(error) instanceof Error);
});

test("what was thrown and is not an error travels as the value it is", () => {
  for (const thrown of ["text", 5, undefined, null, { code: 3 }]) assert.deepStrictEqual(cross(thrown), thrown);
});
