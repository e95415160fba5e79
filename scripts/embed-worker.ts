/**
 * Makes one file of all that a worker loads to begin with, after the compiler: `dist/worker/runtime.cjs`; and one text of all that
 * it may ever load, `dist/backend/worker-code.js`, for programs that are bundled. docs/decisions/0006-one-file-for-the-worker.md
 * says why.
 *
 *     node --import tsx scripts/embed-worker.ts
 */
import { writeFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { build, type BuildOptions, type Plugin } from "esbuild";

/**
 * What the worker loads late, it loads from the installed library, as the user's own modules do: were it part of the one file, a
 * lock that arrives would be of another class than the `Lock` which the user's module has imported.
 */
const lateFromTheLibrary: Plugin = {
  name: "late-from-the-library",
  setup: (plan) => {
    // From `dist/ship` or `dist/backend`, such a path is the same as from `dist/worker`.
    plan.onResolve({ filter: /^\.\.\// }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : undefined));
  },
};

/** What few workers ever need, and an installed library finds beside it: V8 would read through all of it at every start. */
const seldom = ["acorn", "eslint-scope"];

writeFileSync("dist/worker/runtime.cjs", await bundle({ plugins: [lateFromTheLibrary], external: ["koffi", ...seldom] }));
writeFileSync(
  "dist/backend/worker-code.js",
  `export const packedWorkerCode = ${JSON.stringify(pack(await bundle({ plugins: [], external: ["koffi"], minifyWhitespace: true })))};\n`,
);

/** Every program reads it, and few need it. */
function pack(code: string): string {
  return brotliCompressSync(code).toString("base64");
}

async function bundle(options: Pick<BuildOptions, "plugins" | "external" | "minifyWhitespace">): Promise<string> {
  const result = await build({
    ...options,
    entryPoints: ["dist/worker/entry.js"],
    outfile: "dist/worker/runtime.cjs",
    bundle: true,
    write: false,
    platform: "node",
    // CommonJS starts about 4 ms faster than an ES module.
    format: "cjs",
    target: "node20",
    // CommonJS has no `import.meta`; this is what it would be.
    banner: { js: `const runtimeUrl = require("node:url").pathToFileURL(__filename).href;` },
    define: { "import.meta.url": "runtimeUrl" },
    logLevel: "warning",
  });
  const code = result.outputFiles[0]?.text;
  if (code === undefined) throw new Error("esbuild made no file");
  return code;
}
