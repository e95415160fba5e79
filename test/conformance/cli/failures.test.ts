import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { runCli } from "./run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
after(() => rmSync(folder, { recursive: true }));

/**
 * One of these among fifty others, with whatever size the chunks have. Only those that do not end by themselves meet a limit: within
 * a second an input that does nothing may not be done where the machine stands still for that long.
 */
const fatal = [
  ["throw", /line 21 "throw": RangeError: too much\\nof it/],
  ["reject", /line 21 "reject": TypeError: rejected/],
  ["circle", /line 21 "circle": TypeError: Converting circular structure to JSON/],
  ["kill", /line 21 "kill": its worker was killed by SIGKILL/],
  ["exit", /line 21 "exit": its worker exited with code 4/],
  ["abort", /line 21 "abort": its worker was killed by SIGABRT/],
  ["loop", /line 21 "loop": ran for longer than 2\.0 s, and was stopped/],
  ["hang", /line 21 "hang": ran for longer than 2\.0 s, and was stopped/],
] as const;

// Those that are stopped after a time leave the processor to others until then.
describe("fatal inputs", { concurrency: 3 }, () => {
  for (const [word, message] of fatal) {
    for (const chunking of [[], ["--chunk-size", "1"], ["--chunk-size", "10"]]) {
      test(`an input that does "${word}" costs one line ${chunking.join(" ")}, and every input runs once`, async () => {
        const inputs = Array.from({ length: 50 }, (_, index) => (index === 20 ? word : `fine ${index}`));
        const ranFile = join(folder, `${word}${chunking.join("")}`);
        const timeout = word === "loop" || word === "hang" ? "2s" : "1m";
        const { code, lines, stderr } = await runCli(["map", "functions.mjs#noteAndObey", "-j", "2", "--timeout", timeout, ...chunking], {
          stdin: inputs.map((input) => `${input}\n`).join(""),
          env: { RAN_FILE: ranFile },
        });
        assert.equal(code, 1);
        assert.deepEqual(
          lines,
          Array.from({ length: 49 }, () => '"fine"'),
        );
        const failures = stderr.split("\n").filter((line) => line.startsWith("manyhands: "));
        assert.equal(failures.length, 1, stderr);
        assert.match(failures[0] ?? "", message);
        assert.deepEqual(readFileSync(ranFile, "utf8").trimEnd().split("\n").sort(), inputs.sort());
      });
    }
  }
});

test("with threads too, an endless loop is cut and costs one line", async () => {
  const { code, lines, stderr } = await runCli(["map", "functions.mjs#obey", "--threads", "--timeout", "2500ms", "--chunk-size", "3"], {
    stdin: "a\nloop\nb\nc\nd\n",
  });
  assert.deepEqual([code, lines], [1, ['"a"', '"b"', '"c"', '"d"']]);
  assert.equal(stderr, 'manyhands: line 2 "loop": ran for longer than 2.5 s, and was stopped\n');
});

test("the time an input may take does not begin before it runs", async () => {
  const { code, lines } = await runCli(["map", "functions.mjs#sleep", "-j", "1", "--timeout", "3s"], { stdin: "100\n".repeat(40) });
  assert.deepEqual([code, lines.length], [0, 40]);
});

test("every worker may die, again and again", async () => {
  const { code, lines, stderr } = await runCli(["map", "functions.mjs#obey", "-j", "2", "--raw"], { stdin: "kill\nfine\n".repeat(10) });
  assert.equal(code, 1);
  assert.deepEqual(
    lines,
    Array.from({ length: 10 }, () => "fine"),
  );
  assert.equal(stderr.match(/killed by SIGKILL/g)?.length, 10);
});

test("a line that is not UTF-8 fails by its number without being run", async () => {
  const stdin = Buffer.concat([Buffer.from("a\n"), Buffer.from([0xc3, 0x28, 0x0a]), Buffer.from("b\n")]);
  const { code, lines, stderr } = await runCli(["map", "functions.mjs#upper", "--raw"], { stdin });
  assert.deepEqual([code, lines, stderr], [1, ["A", "B"], "manyhands: line 2: it is not valid UTF-8\n"]);
});

test("a long input is cut in messages, and control characters in it do not reach the terminal", async () => {
  const { code, stderr } = await runCli(["map", "functions.mjs#refuse"], { stdin: `${"long ".repeat(100)}\u001b[2J\n` });
  assert.equal(code, 1);
  assert.ok(stderr.length < 200 && !stderr.includes("\u001b"), stderr);
});

test("--quiet still reports failures", async () => {
  const { code, stderr } = await runCli(["map", "functions.mjs#obey", "--quiet"], { stdin: "throw\n" });
  assert.deepEqual([code, stderr], [1, 'manyhands: line 1 "throw": RangeError: too much\\nof it\n']);
});

test("a command line that is wrong exits with 2, says what is wrong and how it goes", async () => {
  const usage = /\nUsage: manyhands map MODULE/;
  for (const [args, message] of [
    [[], /Which command/],
    [["map"], /Map what/],
    [["map", "functions.mjs", "--jobs", "none"], /--jobs takes a whole number/],
    [["map", "functions.mjs", "--colour"], /Unknown option '--colour'/],
    [["map", "./missing.mjs"], /Cannot map \.\/missing\.mjs: there is no such file/],
    [["map", "functions.mjs", "--input", "missing.txt"], /Cannot read missing\.txt: ENOENT/],
    [["map", "functions.mjs", "--input", "."], /Cannot read \.: EISDIR/],
  ] as const) {
    const { code, stdout, stderr } = await runCli(args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, message);
    assert.match(stderr, usage);
  }
});

test("an export that is missing or no function is named, with those there are", async () => {
  const missing = await runCli(["map", "functions.mjs#sqare"]);
  assert.equal(missing.code, 2);
  assert.match(
    missing.stderr,
    /^manyhands: Cannot map functions\.mjs#sqare: there is no export sqare\. Functions it exports: .*default, .*upper.*\.\n$/,
  );
  assert.match((await runCli(["map", "functions.mjs#notAFunction"])).stderr, /the export notAFunction is a number, not a function/);
  assert.match(
    (await runCli(["map", "common.cjs"])).stderr,
    /its default export is no function; name another export after a #\. Functions it exports: shout\./,
  );
  const nowhere = await runCli(["map", "no-such-package"]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /no-such-package is neither a file nor a package that can be found from /);
});

test("a module that cannot be loaded is reported once, with the place, and nothing is read", async () => {
  const broken = await runCli(["map", "broken.mjs"], { stdin: "1\n2\n" });
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /^manyhands: Cannot load broken\.mjs:\nError: this module is broken\n\s+at .*broken\.mjs:1:7/);
  assert.equal(broken.stderr.match(/this module is broken/g)?.length, 1);
  assert.match(
    (await runCli(["map", "syntax-error.mjs"])).stderr,
    /Cannot load syntax-error\.mjs:\n.*syntax-error\.mjs:1\n.*SyntaxError: Unexpected token ';'\n$/s,
  );
  assert.match((await runCli(["map", "exits.mjs"])).stderr, /Cannot load exits\.mjs: .*7/);
});
