/** Folders with programs, outside of this package. They are removed after the tests. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ship-"));
  folders.push(folder);
  return folder;
}

/** A copy of a fixture, where packages are found as in a program that depends on this one. */
export function projectFolder(fixture: string, type: "module" | "commonjs"): string {
  const folder = emptyFolder();
  cpSync(join(root, "test/fixtures/apps", fixture), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "manyhands"));
  for (const name of ["acorn", "tsx"]) symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  return folder;
}
