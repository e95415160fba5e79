/** What needs no memory between processes works without native functions: the suites once more, as such a machine runs them. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const suites = [
  ...readdirSync(new URL(".", import.meta.url))
    .filter((name) => name.endsWith(".test.js") && !import.meta.url.endsWith(name))
    .map((name) => new URL(name, import.meta.url)),
  new URL("../shared/values-and-arrays.test.js", import.meta.url),
].map((url) => fileURLToPath(url));

assert.ok(suites.length >= 6);

for (const suite of suites) {
  test(`threads pass ${suite.slice(suite.lastIndexOf("/") + 1)} without native functions`, async () => {
    const { NODE_TEST_CONTEXT: _runner, MANYHANDS_SESSION: _session, ...env } = process.env;
    const child = spawn(process.execPath, ["--test-reporter=tap", suite], {
      env: { ...env, MANYHANDS_NO_NATIVE: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    assert.equal(code, 0, output);
    assert.match(output, /thread/);
    assert.doesNotMatch(output, /process\)|^ok \d+ - process:/m);
  });
}

test("a ShareableList without a name is read and written by threads without native functions", () => {
  const program = `
    import { ShareableList } from ${JSON.stringify(import.meta.resolve("manyhands"))};
    import { Process } from ${JSON.stringify(import.meta.resolve("manyhands/threads"))};
    const list = new ShareableList([1, "two", 3n]);
    await new Process((other) => { other.set(0, 7); other.set(1, "2"); }, [list]).start().result();
    list.set(2, 9n);
    console.log([...list]);
  `;
  const { MANYHANDS_SESSION: _session, ...env } = process.env;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...env, MANYHANDS_NO_NATIVE: "1" },
    encoding: "utf8",
  });
  assert.equal(output, "[ 7, '2', 9n ]\n");
});
