import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { UsageError } from "#lib/cli/arguments.js";
import { locateTarget } from "#lib/cli/target/locate-target.js";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "manyhands-test-"));
mkdirSync(join(folder, "lib"));
for (const name of ["count.js", "odd#name.js", "lodash"]) writeFileSync(join(folder, name), "");
after(() => rmSync(folder, { recursive: true }));

const url = (name: string): string => pathToFileURL(join(folder, name)).href;

test("a file is found with and without ./, as a path and as a URL", () => {
  for (const written of ["count.js", "./count.js", join(folder, "count.js"), url("count.js")]) {
    assert.deepEqual(locateTarget(written, folder), {
      module: url("count.js"),
      exportName: "default",
      folder,
      tsxFolder: undefined,
      written,
    });
  }
});

test("the export stands after the last #, unless the whole is a file", () => {
  assert.equal(locateTarget("count.js#words", folder).exportName, "words");
  assert.equal(locateTarget("count.js#", folder).exportName, "default");
  assert.deepEqual(locateTarget("odd#name.js", folder).module, url("odd#name.js"));
  assert.equal(locateTarget("odd#name.js#words", folder).exportName, "words");
});

test("Node's own modules and packages are named, not found; a file comes before a package", () => {
  assert.equal(locateTarget("node:path#posix.basename", folder).module, "node:path");
  assert.equal(locateTarget("path#basename", folder).module, "node:path");
  assert.equal(locateTarget("some-package/part#f", folder).module, "some-package/part");
  assert.equal(locateTarget("lodash#f", folder).module, url("lodash"));
});

test("a file that is not there, a folder, and a module Node has not are refused", () => {
  assertRefused("./nope", /Cannot map \.\/nope: there is no such file/);
  assertRefused("nope.ts#f", /Cannot map nope\.ts: there is no such file/);
  assertRefused("./lib", /Cannot map \.\/lib: it is a folder/);
  assertRefused("node:nope", /Cannot map node:nope: Node has no such module/);
});

function assertRefused(written: string, message: RegExp): void {
  assert.throws(
    () => locateTarget(written, folder),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}
