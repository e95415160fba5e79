import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { runAmong } from "./run-script.js";

const lint = (source: string) =>
  runAmong(
    {
      ".oxlintrc.json": readFileSync(".oxlintrc.json", "utf8"),
      "tsconfig.json": readFileSync("tsconfig.json", "utf8").replace('"types": ["node"]', '"types": []'),
      "src/planted.ts": source,
    },
    [resolve("node_modules/oxlint/bin/oxlint"), "--format", "unix", "src"],
  );

test("the linter passes a promise that is awaited", async () => {
  const { exitCode, output } = await lint(`export async function run(work: () => Promise<void>): Promise<void> { await work(); }\n`);
  assert.equal(exitCode, 0, output);
});

const planted: { fault: string; source: string; rule: string }[] = [
  {
    fault: "a promise nobody waits for",
    source: `export function run(work: () => Promise<void>): void { work(); }`,
    rule: "no-floating-promises",
  },
  {
    fault: "a promise as a condition",
    source: `export const is = (p: Promise<boolean>): number => (p ? 1 : 2);`,
    rule: "no-misused-promises",
  },
  { fault: "any", source: `export const value: any = 1;`, rule: "no-explicit-any" },
  { fault: "an unsafe member of any", source: `export const read = (text: string): number => JSON.parse(text).n;`, rule: "no-unsafe-" },
  {
    fault: "an import that is only a type",
    source: `import { A } from "./a.js"; export const f = (a: A): A => a;`,
    rule: "consistent-type-imports",
  },
  { fault: "printing", source: `export const say = (): void => console.log("hi");`, rule: "no-console" },
];

for (const { fault, source, rule } of planted) {
  test(`the linter fails on ${fault}`, async () => {
    const { exitCode, output } = await lint(`${source}\n`);
    assert.match(output, new RegExp(rule));
    assert.equal(exitCode, 1);
  });
}
