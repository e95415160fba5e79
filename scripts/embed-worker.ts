/**
 * Makes one file of all that a worker loads, after the compiler: `dist/worker/runtime.cjs`, and the same as text in
 * `dist/backend/worker-code.js` for programs that are bundled. docs/decisions/0006-one-file-for-the-worker.md says why.
 *
 *     node --import tsx scripts/embed-worker.ts
 */
import { writeFileSync } from "node:fs";
import { build } from "esbuild";

const result = await build({
  entryPoints: ["dist/worker/entry.js"],
  outfile: "dist/worker/runtime.cjs",
  bundle: true,
  write: false,
  platform: "node",
  // CommonJS starts about 4 ms faster than an ES module.
  format: "cjs",
  target: "node20",
  external: ["koffi"],
  // CommonJS has no `import.meta`; this is what it would be.
  banner: { js: `const runtimeUrl = require("node:url").pathToFileURL(__filename).href;` },
  define: { "import.meta.url": "runtimeUrl" },
  logLevel: "warning",
});
const code = result.outputFiles[0]?.text;
if (code === undefined) throw new Error("esbuild made no file");
writeFileSync("dist/worker/runtime.cjs", code);
writeFileSync("dist/backend/worker-code.js", `export const workerCode = ${JSON.stringify(code)};\n`);
