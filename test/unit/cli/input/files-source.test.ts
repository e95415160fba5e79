import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FilesSource } from "#lib/cli/input/files-source.js";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "manyhands-test-"));
const before = process.cwd();
mkdirSync(join(folder, "sub"));
for (const name of ["b.txt", "a.txt", "sub/c.txt", "[x].txt", ".hidden.txt"]) writeFileSync(join(folder, name), "");
process.chdir(folder);
after(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

async function namesOf(...globs: string[]): Promise<string[]> {
  const source = await FilesSource.find(globs);
  const names: string[] = [];
  for await (const piece of source.pieces()) names.push(...(piece.kind === "inputs" ? piece.items : [`!${piece.name}: ${piece.reason}`]));
  assert.deepEqual(source.extent(), { kind: "count", count: names.length });
  return names;
}

test("files come sorted, each once, whatever globs match them", async () => {
  assert.deepEqual(await namesOf("**/*.txt", "a.txt"), ["[x].txt", "a.txt", "b.txt", "sub/c.txt"]);
});

test("the name of an existing file is that file, whatever characters are in it", async () => {
  assert.deepEqual(await namesOf("[x].txt", ".hidden.txt"), ["[x].txt", ".hidden.txt"]);
});

test("a glob that matches nothing, and a folder, are refused with words, and the others go on", async () => {
  assert.deepEqual(await namesOf("*.nope", "sub/", "a.txt"), [
    '!"*.nope": no file matches it',
    '!"sub/": it is a folder; its files are "sub/**"',
    "a.txt",
  ]);
});
