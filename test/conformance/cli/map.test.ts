import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { apps, root, runCli } from "./run-cli.js";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "manyhands-test-"));
after(() => rmSync(folder, { recursive: true }));

const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `${index}\n`).join("");
const squares = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index ** 2));

test("lines of standard input are mapped in order, one line each", async () => {
  const { code, lines, stderr } = await runCli(["map", "./functions.mjs"], { stdin: numbers(5000) });
  assert.deepEqual({ code, lines, stderr }, { code: 0, lines: squares(5000), stderr: "" });
});

test("an empty input gives nothing and succeeds", async () => {
  const { code, stdout, stderr } = await runCli(["map", "functions.mjs"]);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

test("Windows line ends, empty lines and a last line without an end are what they seem", async () => {
  const { lines } = await runCli(["map", "functions.mjs#upper"], { stdin: "\ufeffa\r\n\r\n\nlast" });
  assert.deepEqual(lines, ['"A"', '""', '""', '"LAST"']);
});

test("--input reads a file", async () => {
  const path = join(folder, "numbers.txt");
  writeFileSync(path, numbers(300));
  for (const args of [
    ["--input", path],
    ["-i", path],
  ]) {
    const { code, lines } = await runCli(["map", "functions.mjs", ...args]);
    assert.deepEqual({ code, lines }, { code: 0, lines: squares(300) });
  }
});

test("--null ends inputs with NUL bytes, and leaves line ends in them", async () => {
  for (const option of ["--null", "-0"]) {
    const { lines } = await runCli(["map", "functions.mjs#upper", option], { stdin: "two\nlines\0one\r\0" });
    assert.deepEqual(lines, ['"TWO\\nLINES"', '"ONE\\r"']);
  }
});

test("--json gives the function the value of each line, and passes over blank ones", async () => {
  const { code, lines } = await runCli(["map", "functions.mjs#increment", "--json"], { stdin: '{"n":1}\n\n  \n{"n":41}\r\n' });
  assert.deepEqual({ code, lines }, { code: 0, lines: ["2", "42"] });
  assert.deepEqual((await runCli(["map", "functions.mjs#typeOf", "--json"], { stdin: '1\n"a"\nnull\n' })).lines, [
    '"number"',
    '"string"',
    '"object"',
  ]);
  assert.deepEqual((await runCli(["map", "functions.mjs#typeOf"], { stdin: "1\n" })).lines, ['"string"']);
});

test("a line of --json that is not JSON fails alone, by its number", async () => {
  const { code, lines, stderr } = await runCli(["map", "functions.mjs#increment", "--json"], { stdin: '{"n":1}\n\n{n:2}\n{"n":3}\n' });
  assert.deepEqual({ code, lines }, { code: 1, lines: ["2", "4"] });
  assert.match(stderr, /^manyhands: line 3 "\{n:2\}": SyntaxError: the line is not JSON: [^\n]*\n$/);
});

test("--files maps the names of the files that globs match, sorted", async () => {
  mkdirSync(join(folder, "tree/deep"), { recursive: true });
  for (const name of ["tree/b.txt", "tree/a.txt", "tree/deep/c.txt", "tree/d.md", "tree/odd [1].txt"])
    writeFileSync(join(folder, name), "");
  const { code, lines } = await runCli(["map", "node:path#basename", "--raw", "--files", "tree/**/*.txt", "tree/d.md"], { cwd: folder });
  assert.deepEqual({ code, lines }, { code: 0, lines: ["a.txt", "b.txt", "c.txt", "odd [1].txt", "d.md"] });
  const missing = await runCli(["map", "node:path#basename", "--raw", "--files", "tree/*.nope", "tree/odd [1].txt"], { cwd: folder });
  assert.deepEqual([missing.code, missing.lines, missing.stderr], [1, ["odd [1].txt"], 'manyhands: "tree/*.nope": no file matches it\n']);
});

test("--unordered gives results as they come, and without it the first waits for nobody", async () => {
  const stdin = "first\nsecond\nthird\n";
  const args = ["map", "functions.mjs#lateFirst", "--raw", "--jobs", "2", "--chunk-size", "1"];
  assert.deepEqual((await runCli(args, { stdin })).lines, ["first", "second", "third"]);
  assert.deepEqual((await runCli([...args, "--unordered"], { stdin })).lines, ["second", "third", "first"]);
});

test("results are JSON; --raw leaves strings as they are", async () => {
  const stdin = 'say "hi"\n';
  assert.deepEqual((await runCli(["map", "functions.mjs#upper"], { stdin })).lines, ['"SAY \\"HI\\""']);
  assert.deepEqual((await runCli(["map", "functions.mjs#upper", "--raw"], { stdin })).lines, ['SAY "HI"']);
  assert.deepEqual((await runCli(["map", "functions.mjs#nothing", "--raw"], { stdin })).lines, ["null"]);
});

test("the function is given its input and nothing else", async () => {
  assert.deepEqual((await runCli(["map", "functions.mjs#argumentsGiven"], { stdin: "a\nb\n" })).lines, ["1", "1"]);
});

test("--jobs says how many processes work", async () => {
  for (const jobs of [1, 3]) {
    const { lines } = await runCli(["map", "functions.mjs#where", "-j", String(jobs), "--chunk-size", "1"], { stdin: numbers(200) });
    const pids = new Set(lines.map((line) => (JSON.parse(line) as { pid: number }).pid));
    assert.ok(pids.size <= jobs, `${pids.size} processes`);
  }
});

test("so many work at the same time: each waits until the others run, too", async () => {
  const place = mkdtempSync(join(folder, "meeting-"));
  const { lines } = await runCli(["map", "functions.mjs#meetThree", "-j", "3", "--chunk-size", "1", "--raw"], {
    stdin: "a\nb\nc\n",
    env: { MEETING: place },
  });
  assert.deepEqual(lines, ["3", "3", "3"]);
});

test("--threads works in threads of one process", async () => {
  const { code, lines } = await runCli(["map", "functions.mjs#where", "--threads", "-j", "2", "--chunk-size", "1"], {
    stdin: numbers(200),
  });
  const places = lines.map((line) => JSON.parse(line) as { pid: number; threadId: number });
  assert.equal(code, 0);
  assert.equal(new Set(places.map((place) => place.pid)).size, 1);
  assert.ok(places.every((place) => place.threadId > 0));
});

test("--chunk-size sends that many inputs to a worker together", async () => {
  const { lines } = await runCli(["map", "functions.mjs#where", "-j", "2", "--chunk-size", "50"], { stdin: numbers(200) });
  for (let start = 0; start < 200; start += 50) assert.equal(new Set(lines.slice(start, start + 50)).size, 1);
});

test("functions of CommonJS modules, packages and Node itself are found", async () => {
  assert.deepEqual(await map("common.cjs#shout"), ["a/b.txt!"]);
  assert.deepEqual(await map("whole.cjs"), ["7"]);
  assert.deepEqual(await map("./common.cjs#deep.bound.tell"), ["bound"]);
  assert.deepEqual(await map("path#posix.dirname"), ["a"]);
  assert.deepEqual(await map(`${apps}/functions.mjs#upper`), ["A/B.TXT"]);
  makePackages();
  assert.deepEqual(await map("for-require#tell", folder), ["a/b.txt by require"]);
  assert.deepEqual(await map("for-import#tell", folder), ["a/b.txt by import"]);
});

async function map(target: string, cwd = apps): Promise<readonly string[]> {
  return (await runCli(["map", target, "--raw"], { stdin: "a/b.txt\n", cwd })).lines;
}

/** A CommonJS package, and one that has an entry for `import` alone. */
function makePackages(): void {
  for (const [name, manifest, file, code] of [
    ["for-require", { main: "main.js" }, "main.js", "exports.tell = (text) => text + ' by require'"],
    ["for-import", { exports: { import: "./main.mjs" } }, "main.mjs", "export const tell = (text) => text + ' by import'"],
  ] as const) {
    const place = join(folder, "node_modules", name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), JSON.stringify({ name, version: "1.0.0", ...manifest }));
    writeFileSync(join(place, file), code);
  }
}

test("lines of megabytes go through whole", async () => {
  const long = "x".repeat(3_000_000);
  const { code, stdout } = await runCli(["map", "functions.mjs#upper", "--raw"], { stdin: `${long}\nshort\n${long}\n` });
  assert.equal(code, 0);
  assert.ok(stdout === `${long.toUpperCase()}\nSHORT\n${long.toUpperCase()}\n`);
});

test("what the function prints does not get among the results", async () => {
  const { code, stdout, stderr } = await runCli(["map", "functions.mjs#obey"], { stdin: "a\nprint\nb\n" });
  assert.deepEqual([code, stdout], [0, '"a"\n"print"\n"b"\n']);
  assert.match(stderr, /printed by the function\nwritten by the function\n/);
});

test("--help and --version print to standard output and succeed", async () => {
  const help = await runCli(["--help"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  for (const option of [
    "--input",
    "--null",
    "--json",
    "--files",
    "--unordered",
    "--raw",
    "--jobs",
    "--threads",
    "--chunk-size",
    "--timeout",
    "--quiet",
  ]) {
    assert.ok(help.stdout.includes(option), option);
  }
  assert.ok(
    help.lines.every((line) => line.length <= 80),
    "a line of the help is longer than a terminal is wide",
  );
  const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { version: string };
  assert.equal((await runCli(["-V"])).stdout, `${manifest.version}\n`);
});

test("the program runs through a link, as npm installs it", async () => {
  const link = join(folder, "manyhands");
  symlinkSync(`${root}dist/cli/main.js`, link);
  const { spawnSync } = await import("node:child_process");
  assert.match(spawnSync(process.execPath, [link, "--version"], { encoding: "utf8" }).stdout, /^\d+\.\d+\.\d+\n$/);
});
