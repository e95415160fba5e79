/** The bar under a terminal: `script` of util-linux makes one. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { apps, mainPath } from "./run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
after(() => rmSync(folder, { recursive: true }));
const inputs = join(folder, "inputs");
const results = join(folder, "results");
const skip = spawnSync("script", ["--version"]).status === 0 ? false : "script (util-linux) is not installed";

/** What a terminal of `columns` receives from a shell command line, and the exit code. */
async function onTerminal(
  command: string,
  { columns = 100, env = {} }: { columns?: number; env?: Record<string, string> } = {},
): Promise<{ code: number | null; screen: string }> {
  const shell = `stty columns ${columns} && ${command}`;
  const child = spawn("script", ["-qec", shell, "/dev/null"], {
    cwd: apps,
    env: { ...process.env, TERM: "xterm", LC_ALL: "C.UTF-8", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { screen: await text(child.stdout), code: await exited };
}

const manyhands = `'${process.execPath}' '${mainPath}'`;

/** What remains on the screen: each line after the last return, less what was erased. */
function remaining(screen: string): string[] {
  return screen
    .split("\n")
    .map((line) => line.replace(/\r$/, "").split("\r").at(-1)?.replace("\u001b[K", "") ?? "")
    .filter((line) => line !== "");
}

test("on a terminal the bar moves, failures stand above it, and a summary remains", { skip }, async () => {
  writeFileSync(inputs, `${"120\n".repeat(3)}throw\n${"120\n".repeat(3)}`);
  const { code, screen } = await onTerminal(
    `${manyhands} map functions.mjs#sleepOrThrow -j 1 --chunk-size 1 --input '${inputs}' > '${results}'`,
  );
  assert.equal(code, 1);
  assert.equal(readFileSync(results, "utf8"), "120\n".repeat(6));
  assert.match(screen, /\r[━─]{8,} +\d+% · \d\/7 · [\d.]+\/s · .*s left/);
  assert.match(screen, / · 1 failed/);
  const [failure, summary, ...more] = remaining(screen);
  assert.match(failure ?? "", /^manyhands: line 4 "throw": RangeError: too much/);
  assert.match(summary ?? "", /^7 inputs in [\d.]+ m?s, [\d.,]+\/s, 1 failed$/);
  assert.deepEqual(more, []);
});

test("results on the same terminal stay whole lines", { skip }, async () => {
  const { code, screen } = await onTerminal(`printf '150\\n150\\n150\\n' | ${manyhands} map functions.mjs#sleep -j 1 --chunk-size 1`);
  assert.equal(code, 0);
  assert.deepEqual(remaining(screen).slice(0, 3), ["150", "150", "150"]);
  assert.match(screen, /\d done · /);
});

test("the bar never is as wide as the terminal", { skip }, async () => {
  for (const columns of [12, 40, 60]) {
    const { screen } = await onTerminal(`printf '150\\n150\\n' | ${manyhands} map functions.mjs#sleep -j 1 > /dev/null`, { columns });
    const drawn = screen.split(/[\r\n]/).filter((line) => line.endsWith("\u001b[K"));
    assert.ok(drawn.length > 0);
    for (const line of drawn) assert.ok(line.length - "\u001b[K".length < columns, JSON.stringify(line));
  }
});

test("--quiet, and a terminal that cannot redraw, have no bar", { skip }, async () => {
  const command = `printf '10\\n' | ${manyhands} map functions.mjs#sleep`;
  assert.equal((await onTerminal(`${command} --quiet`)).screen, "10\r\n");
  assert.equal((await onTerminal(command, { env: { TERM: "dumb" } })).screen, "10\r\n");
});

test("Ctrl-C takes the bar away and leaves one line at most", { skip }, async () => {
  writeFileSync(inputs, "600000\n");
  const { code, screen } = await onTerminal(
    `timeout --preserve-status -s INT 2 ${manyhands} map functions.mjs#sleep --input '${inputs}'; echo "exit code $?"`,
  );
  assert.equal(code, 0);
  const left = remaining(screen);
  assert.equal(left.at(-1), "exit code 130");
  assert.ok(left.length <= 2, screen);
});
