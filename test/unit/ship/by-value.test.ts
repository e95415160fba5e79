import assert from "node:assert/strict";
import * as os from "node:os";
import { basename as baseName } from "node:path";
import { after, test } from "node:test";
import { NotShippableError } from "#lib/errors.js";
import { shipFunction } from "#lib/ship/ship.js";
import { elsewhere, shipCodec } from "./elsewhere.js";

const there = elsewhere();
after(() => there[Symbol.asyncDispose]());

const factor = 3;
const table = new Map([["a", { deep: [1, 2] }]]);
let counter = 10;
const setCounter = (value: number): void => void (counter = value);

function isEven(n: number): boolean {
  return n === 0 || isOdd(n - 1);
}
function isOdd(n: number): boolean {
  return n !== 0 && isEven(n - 1);
}

class Shape {
  static made = 2;
  static create = (): Shape => new this(5);
  readonly size: number;
  constructor(size: number) {
    this.size = size;
  }
  area(): number {
    return this.size * factor;
  }
  static named(): string {
    return `${this.name} ${this.made}`;
  }
}
class Square extends Shape {
  #side = 4;
  override area(): number {
    return super.area() + this.#side;
  }
}

test("an arrow function arrives with constants, objects and imports that it captured", async () => {
  const local = { list: [1, 2, 3] };
  const result = await there.run((x: number) => [x * factor, table.get("a")?.deep, local.list.length, baseName("/a/b.txt"), os.EOL], 7);
  assert.deepEqual(result, [21, [1, 2], 3, "b.txt", "\n"]);
});

test("mutually recursive functions arrive together", async () => {
  assert.equal(await there.run(isEven, 10), true);
});

test("classes arrive with static fields, private fields, super and their base classes", async () => {
  assert.deepEqual(await there.run(() => [new Square(2).area(), Shape.named(), Shape.create().area(), Square.named()]), [
    10,
    "Shape 2",
    15,
    "Square 2",
  ]);
});

test("a variable that changes has the value it has at the call", async () => {
  const read = (): number => counter;
  assert.equal(await there.run(read), 10);
  counter = 11;
  assert.equal(await there.run(read), 11);
});

test("functions of one shipment share the variables that they share at home", async () => {
  counter = 1;
  const result = await there.run(() => {
    setCounter(41);
    counter++;
    return [counter, ((): number => counter)()];
  });
  assert.deepEqual(result, [42, 42]);
  assert.equal(counter, 1);
  const closures = (() => {
    let n = 0;
    const inc = (): number => ++n;
    const get = (): number => n;
    return () => [inc(), inc(), get(), n];
  })();
  assert.deepEqual(await there.run(closures), [1, 2, 2, 2]);
});

const makeCounter = (): { inc: () => number; get: () => number; count: () => Generator<number> } => {
  let n = 0;
  return {
    inc: () => ++n,
    get: () => n,
    *count() {
      for (;;) yield n++;
    },
  };
};

test("closures share what they share at home, and nothing else", async () => {
  const [some, other] = [makeCounter(), makeCounter()];
  const run = (): number[] => [
    some.inc(),
    some.get(),
    other.inc(),
    some.inc(),
    some.get(),
    other.get(),
    [...take(some.count(), 2)].length,
    some.get(),
  ];
  const first = await there.run(run);
  assert.deepEqual(first, [1, 1, 1, 2, 2, 1, 2, 5]);
  assert.deepEqual(await there.run(run), first);
  assert.equal(some.get() + other.get(), 0);
  assert.deepEqual(run(), first);
  const second = await there.run(run);
  assert.deepEqual(run(), second);
});

function* take<T>(values: Iterable<T>, count: number): Generator<T> {
  for (const value of values) {
    if (count-- <= 0) return;
    yield value;
  }
}

test("two generators that may or may not share a variable are refused", () => {
  const make = (): (() => Generator<number>)[] => {
    let n = 0;
    return [
      function* () {
        yield ++n;
      },
      function* () {
        yield ++n;
      },
    ];
  };
  const both = (
    (generators) => () =>
      generators.map((generate) => generate().next().value as number)
  )(make());
  assert.throws(
    () => shipFunction(both, shipCodec()),
    (error: unknown) => {
      assert.ok(error instanceof NotShippableError);
      assert.match(error.message, /both use the variable n, which changes/);
      return true;
    },
  );
});

test("methods, getters, generators, async functions and computed keys arrive", async () => {
  const key = "computed";
  const object = {
    base: 5,
    method(x: number) {
      return x + factor;
    },
    get got() {
      return factor;
    },
    async [key]() {
      return await Promise.resolve(factor);
    },
    *generate() {
      yield factor;
    },
    async *stream() {
      yield factor;
    },
  };
  const getter = Object.getOwnPropertyDescriptor(object, "got")?.get as () => number;
  assert.equal(await there.run(object.method, 1), 4);
  assert.equal(await there.run(getter), 3);
  assert.equal(await there.run(object[key]), 3);
  const { generate, stream } = object;
  assert.deepEqual(await there.run(async () => [...generate(), (await stream().next()).value]), [3, 3]);
});

test("the classes of fetch travel by name, and until a program uses them Node does not load them", async () => {
  const isLoaded = (): boolean => (Reflect.get(process, "moduleLoadList") as string[]).some((name) => name.endsWith("/undici"));
  assert.equal(await there.run((n: number) => n + 1, 1), 2);
  assert.equal(isLoaded(), false);
  const Answer = Response;
  assert.equal(await there.run((text: string) => new Answer(text).text(), "hello"), "hello");
  assert.equal(isLoaded(), true);
});

test("bound functions and builtins arrive", async () => {
  const bound = function (this: { x: number }, a: number, b: number): number {
    return this.x + a + b + factor;
  }.bind({ x: 1 }, 10);
  assert.equal(await there.run(bound, 100), 114);
  assert.equal(await there.run(Math.max, 1, 5), 5);
  assert.equal(await there.run(baseName, "/x/y"), "y");
  const { slice } = Array.prototype;
  assert.deepEqual(await there.run(() => slice.call([1, 2, 3], 1)), [2, 3]);
});

test("import.meta is that of the original module", async () => {
  const meta = await there.run(() => [import.meta.url, import.meta.filename]);
  assert.deepEqual(meta, [import.meta.url, import.meta.filename]);
});

test("a function that comes back is the function itself, and so is the class of an error", async () => {
  class PhotoError extends Error {
    photo = "a.jpg";
  }
  const fn = (): number => 1;
  assert.equal(await there.run(() => fn), fn);
  const failing = there.run(() => {
    throw new PhotoError("no photo");
  });
  await assert.rejects(failing, (error: unknown) => error instanceof PhotoError && error.photo === "a.jpg" && error.message === "no photo");
});

test("instances of classes come with their prototype, and are of the class that the function knows", async () => {
  const result = await there.run((shape: Shape) => [shape instanceof Shape, shape.area()], new Shape(4));
  assert.deepEqual(result, [true, 12]);
  const back = await there.run(() => new Shape(8));
  assert.ok(back instanceof Shape);
  assert.equal(back.area(), 24);
});

class Job {
  factor = 2;
  readonly timer = setTimeout(() => {}, 0);
  scale = (x: number): number => x * this.factor;
  run(): () => unknown[] {
    return () => [this.factor, this instanceof Job, this.twice(4), this.scale(5), [6].map((x) => x * this.factor)];
  }
  twice(x: number): number {
    return x * this.factor;
  }
  wait(): Promise<number> {
    return there.run(() => 1);
  }
  stop(): () => unknown {
    return () => [this.factor, this.timer.hasRef()];
  }
}

test("an arrow function has the this of the function around it", async () => {
  assert.deepEqual(await there.run(new Job().run()), [2, true, 8, 10, [12]]);
  assert.equal(await there.run(new Job().scale, 21), 42);
});

test("what cannot follow the this of an arrow function fails in words when it is used", async () => {
  await assert.rejects(there.run(new Job().stop()), /Cannot use timer here: it did not follow its object\. .*Timeout/);
});

test("an instance whose own arrow functions use it keeps them on it", async () => {
  class Counter {
    count = 1;
    next = (): number => (this.count += 1);
  }
  const moved = await there.run((counter: Counter) => (counter.next(), (counter.count += 10), counter.next()), new Counter());
  assert.equal(moved, 13);
});

test("assigning to a constant or an import fails as it does at home", async () => {
  // oxlint-disable-next-line no-const-assign -- what is tested
  const fixed = 1;
  const attempts = [
    // @ts-expect-error -- the language says so, too.
    () => void (fixed = 2),
    // @ts-expect-error -- the language says so, too.
    () => void ([baseName] = []), // oxlint-disable-line no-import-assign -- what is tested
    // @ts-expect-error -- the language says so, too.
    () => ({ fixed } = { fixed: 2 }),
  ];
  const run = (): unknown[] => [
    ...attempts.map((attempt) => {
      try {
        return attempt();
      } catch (error) {
        return String(error);
      }
    }),
    fixed,
    baseName("a/b"),
  ];
  assert.deepEqual(await there.run(run), run());
});

test("the language's and Node's own objects stay themselves, however deep they are", async () => {
  const tools = { log: console.log, deep: [Math, { json: JSON }, new Map([["intl", Intl]])], process };
  const same = (): unknown[] => {
    const [math, { json }, map] = tools.deep as [unknown, { json: unknown }, Map<string, unknown>];
    return [tools.log === console.log, math === Math, json === JSON, map.get("intl") === Intl, tools.process === process];
  };
  assert.deepEqual(await there.run(same), [true, true, true, true, true]);
  assert.deepEqual(await there.run((held: { math: unknown }) => held.math === Math, { math: Math }), true);
});

test("functions keep their names, and those without one stay without", async () => {
  const first = (text: string | undefined): string | undefined =>
    text
      ?.split("\n")[1]
      ?.trim()
      .replace(/\(?file:.*/, "");
  const named = (): [string, string | undefined] => [named.name, first(new Error().stack)];
  assert.deepEqual(await there.run(named), ["named", "at named "]);
  assert.equal(await there.run(() => first(new Error().stack)), "at ");
  assert.deepEqual(await there.run(() => [(() => {}).name, ((): string => named.name)()]), ["", "named"]);
});

test("stack traces point at the original line", async () => {
  const fail = (): never => {
    throw new Error("here");
  };
  const [here] = /by-value\.test\.\w+:\d+/.exec(new Error().stack ?? "") ?? [];
  const line = Number(here?.split(":").at(-1)) - 2;
  const error = await there.run(fail).catch((reason: unknown) => reason);
  assert.match((error as Error).stack ?? "", new RegExp(`by-value\\.test\\.\\w+:${line}:`));
});
