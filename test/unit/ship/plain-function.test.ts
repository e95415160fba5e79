import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { captureCode, type CapturedCode } from "#lib/ship/capture.js";
import { inspectorSession } from "#lib/ship/inspector-session.js";
import { capturePlain } from "#lib/ship/plain-function.js";
import { hashOfRunning } from "#lib/ship/running-sources.js";
import { scriptById } from "#lib/ship/script.js";
import { sightOfFile } from "#lib/ship/script-file.js";

/** Everything around that a function below may take. */
const factor = 3;
let counter = 0;
const count = (): number => (counter += 1);

function plainCode(fn: Function): CapturedCode | undefined {
  return capturePlain(fn, inspectorSession().look(fn));
}

function fullCode(fn: Function): CapturedCode {
  const sight = inspectorSession().look(fn);
  assert.ok(sight.location);
  const script = scriptById(sight.location.scriptId);
  const node = script?.functionAt(sight.location, Function.prototype.toString.call(fn));
  assert.ok(script && node);
  return captureCode({ fn, sight, script, node });
}

function square(x: number): number {
  return x * x;
}

async function* upTo(limit: number): AsyncGenerator<number> {
  for (let next = 0; next < limit; next++) yield await Promise.resolve(next);
}

test("a function that takes nothing has the same form by its text alone as by the parser", () => {
  const inner = (depth: number): unknown[] => [depth, ((value: number) => value + depth)(1)];
  const plain: Function[] = [
    (x: number) => x * 2,
    async (x: number) => Math.max(await Promise.resolve(x), 1),
    ({ a, b: [c = 4] }: { a: number; b: number[] }, ...rest: number[]) => [a, c, rest, console !== undefined],
    function (x: number) {
      return x;
    },
    square,
    upTo,
    inner,
  ];
  for (const fn of plain) {
    const code = plainCode(fn);
    assert.ok(code, `not plain: ${fn.toString()}`);
    const { located: _place, ...full } = fullCode(fn);
    const { located, ...rest } = code;
    assert.equal(located, undefined);
    assert.deepEqual(rest, full);
  }
});

test("a function that takes something from around it, or may, is not taken for a plain one", () => {
  const holder = {
    method(x: number) {
      return x;
    },
  };
  const taking: Function[] = [
    (x: number) => x * factor,
    () => count(),
    () => ({ factor }),
    function (this: unknown) {
      return this;
    },
    () => import("node:os"),
    () => import.meta.url,
    class {
      readonly x = 1;
    },
    function fact(n: number): number {
      return n < 2 ? 1 : n * fact(n - 1);
    },
    Reflect.get(holder, "method"),
    // V8 shows the name of a function expression in no scope.
    (function hidden() {
      return () => hidden.name;
    })(),
    (function escape() {
      return () => escape.length;
    })(),
    /* A word of a comment is a word: factor */
    (x: number) => /* factor */ x,
  ];
  for (const fn of taking) assert.equal(plainCode(fn), undefined, fn.toString());
});

test("a function of another file is not looked for in the main file", () => {
  assert.equal(plainCode(hashOfRunning), undefined);
});

test("the file of a script that runs is its source, as long as it is what was loaded", () => {
  const { location } = inspectorSession().look(square);
  assert.ok(location);
  const fromFile = sightOfFile(location.scriptId);
  assert.ok(fromFile);
  assert.deepEqual(fromFile, inspectorSession().script(location.scriptId));
  assert.equal(fromFile.url, import.meta.url);
  assert.match(hashOfRunning(import.meta.url) ?? "", /^[0-9a-f]{64}$/);
  assert.equal(hashOfRunning("/elsewhere.js"), undefined);
});

test("a main file that was written again after it was loaded is not believed", () => {
  const program = `
    import { writeFileSync, readFileSync } from "node:fs";
    const word = "sent";
    const say = (x) => word + x;
    const path = process.argv[1];
    // The function stands where it was, but its variable has become another kind of thing.
    writeFileSync(path, readFileSync(path, "utf8").replace('const word = "sent"', 'import word from "no"'));
    await print(say, "!");
  `;
  assert.equal(run({ "main.mjs": program }), "sent!\n");
});

test("a function of another file that stands where the main file has the same text is one of that file", () => {
  const same = "export default (x) => globalThis.where + x;\n";
  const files = {
    "main.mjs": `import other from "./other.mjs";\n${same}await print(other, "!");\n`,
    "other.mjs": `globalThis.where = "other";\n${same}`,
  };
  assert.equal(run(files), "other!\n");
});

test("where Error is frozen, functions are found in another way", () => {
  const program = `
    Object.freeze(Error);
    const factor = 3;
    await print((x) => x * factor, 2);
  `;
  assert.equal(run({ "main.mjs": program }), "6\n");
});

/** Runs `main.mjs` of these files, which has `print(fn, arg)`: what a worker makes of it. */
function run(files: Readonly<Record<"main.mjs", string>> & Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "plain-"));
  const print = `
    import { Pool } from ${JSON.stringify(import.meta.resolve("#lib/index.js"))};
    export async function print(fn, arg) {
      const pool = new Pool(1);
      console.log(await pool.apply(fn, [arg]));
      await pool[Symbol.asyncDispose]();
    }
  `;
  try {
    writeFileSync(join(folder, "print.mjs"), print);
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), name === "main.mjs" ? `import { print } from "./print.mjs"; ${text}` : text);
    }
    return execFileSync(process.execPath, [join(folder, "main.mjs")], { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
