import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScript } from "./run-script.js";

const checkLayers = (files: Record<string, string>) => runScript("layers.ts", ["src"], files);

test("the layer check passes imports that point downwards, and counts them", async () => {
  const { exitCode, output } = await checkLayers({
    "src/index.ts": `export { Pool } from "./pool/pool.js";`,
    "src/pool/pool.ts": `import type { Lock } from "../sync/lock.js"; import "node:fs"; export class Pool { lock?: Lock }`,
    "src/sync/lock.ts": `export class Lock {}`,
    "src/platform/linux.ts": `import koffi from "koffi"; export const isLinux = process.platform === "linux"; koffi;`,
  });
  assert.match(output, /^4 files, 4 imports, 0 faults\n$/);
  assert.equal(exitCode, 0);
});

test("the layer check lets one file load modules of higher layers when they are needed", async () => {
  const { exitCode, output } = await checkLayers({
    "src/ship/shared-kinds.ts": `export const kinds = { queue: () => import("../queue/queue.js") };`,
    "src/queue/queue.ts": `import "../ship/shared-kinds.js";`,
  });
  assert.equal(exitCode, 0, output);
});

const planted: { fault: string; files: Record<string, string>; says: RegExp }[] = [
  {
    fault: "an import that points upwards",
    files: { "src/sync/lock.ts": `import "../pool/pool.js";`, "src/pool/pool.ts": "" },
    says: /src\/sync\/lock\.ts:1: imports \.\.\/pool\/pool\.js, upwards from sync to pool/,
  },
  {
    fault: "a type import that points upwards",
    files: { "src/wire/frame.ts": `\nimport type { Pool } from "../pool/pool.js";`, "src/pool/pool.ts": "export class Pool {}" },
    says: /src\/wire\/frame\.ts:2: imports/,
  },
  {
    fault: "an import(…) type that points upwards",
    files: { "src/wire/frame.ts": `export type P = import("../pool/pool.js").Pool;`, "src/pool/pool.ts": "export class Pool {}" },
    says: /upwards from wire to pool/,
  },
  {
    fault: "a dynamic import that points upwards",
    files: { "src/errors.ts": `export const later = () => import("./index.js");`, "src/index.ts": "" },
    says: /upwards from errors to index/,
  },
  {
    fault: "a static import that points upwards, in the file that may load modules of higher layers",
    files: { "src/ship/shared-kinds.ts": `import "../queue/queue.js";`, "src/queue/queue.ts": "" },
    says: /upwards from ship to queue/,
  },
  {
    fault: "a re-export that points upwards",
    files: { "src/errors.ts": `export * from "./index.js";`, "src/index.ts": "" },
    says: /upwards from errors to index/,
  },
  {
    fault: "a cycle of files within a folder",
    files: { "src/pool/a.ts": `import "./b.js";`, "src/pool/b.ts": `import type {} from "./a.js";` },
    says: /cycle: pool\/a\.ts -> pool\/b\.ts -> pool\/a\.ts/,
  },
  {
    fault: "a cycle of neighbouring folders",
    files: {
      "src/pool/a.ts": `import "../process/b.js";`,
      "src/process/b.ts": "",
      "src/process/c.ts": `import "../pool/d.js";`,
      "src/pool/d.ts": "",
    },
    says: /cycle: pool -> process -> pool/,
  },
  {
    fault: "an import of the worker's half",
    files: { "src/pool/pool.ts": `import "../worker/main.js";`, "src/worker/main.ts": "" },
    says: /src\/worker is loaded by URL, never imported/,
  },
  {
    fault: "a native call outside platform/",
    files: { "src/memory/segment.ts": `export const load = () => require("koffi");` },
    says: /src\/memory\/segment\.ts:1: uses koffi/,
  },
  {
    fault: "a platform test outside platform/",
    files: { "src/pool/pool.ts": `export const slow = process.platform === "win32";` },
    says: /asks for the platform/,
  },
  { fault: "a folder that is in no layer", files: { "src/utils/text.ts": "" }, says: /"utils" is in no layer/ },
  { fault: "an import of a file that is not there", files: { "src/pool/pool.ts": `import "./gone.js";` }, says: /does not exist/ },
  { fault: "nothing to check", files: { "src/readme.md": "" }, says: /nothing was checked/ },
];

describe("planted faults", { concurrency: 4 }, () => {
  for (const { fault, files, says } of planted) {
    test(`the layer check fails on ${fault}`, async () => {
      const { exitCode, output } = await checkLayers(files);
      assert.match(output, says);
      assert.equal(exitCode, 1);
    });
  }
});
