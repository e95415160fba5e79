/**
 * Puts the compiled modules of the library into one file, `dist/bundle/manyhands.js`, and makes of each module a few lines that export
 * from there what it exported before: so `import "manyhands"` reads five files instead of two hundred, and whoever imports a module of
 * it, a worker or a test, gets the very same classes. docs/decisions/0018-one-file-for-the-library.md says why.
 *
 *     node --import tsx scripts/bundle-library.ts        after the compiler and embed-worker.ts
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { parse, type Node } from "acorn";
import { build } from "esbuild";
import { globSync } from "tinyglobby";

const bundle = "bundle/manyhands.js";

/** What few programs need; what a bundler has to see as it is written; what fault tests put another module in the place of. */
const own = ["backend/worker-code.js", "ship/parser.js", "memory/kill-point.js"];
/** The command line is a program of its own, and a worker has its own file. */
const apart = ["cli/**", "worker/**", "bundle/**", ...own];
/** First, so that what it exports is known by the names under which programs import it. */
const first = "index.js";

forgetDeleted();
const names = await exportsByModule();
const modules = [first, ...[...names.keys()].filter((path) => path !== first)];
await build({
  stdin: {
    contents: modules.map((path) => reexport(path, `./${path}`, (name) => `${name} as ${nameInBundle(path, name)}`)).join(""),
    resolveDir: "dist",
  },
  outfile: `dist/${bundle}`,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  keepNames: true,
  plugins: [
    {
      name: "apart",
      setup(plan) {
        plan.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
          const found = relative("dist", resolve(resolveDir, path));
          return kind === "dynamic-import" || own.includes(found) ? { path: `../${found}`, external: true } : undefined;
        });
      },
    },
  ],
  logLevel: "warning",
});
writeFileSync(`dist/${bundle}`, nameOnlyClasses(readFileSync(`dist/${bundle}`, "utf8")));
for (const path of modules) {
  const target = relative(dirname(path), bundle);
  const from = target.startsWith(".") ? target : `./${target}`;
  writeFileSync(
    `dist/${path}`,
    reexport(path, from, (name) => `${nameInBundle(path, name)} as ${name}`),
  );
}

/** The compiler leaves what it once made of a file that is gone; it would export from a bundle that does not have it any more. */
function forgetDeleted(): void {
  for (const path of globSync("**/*.js", { cwd: "dist", ignore: ["bundle/**"] })) {
    if (existsSync(`src/${path.replace(/\.js$/, ".ts")}`)) continue;
    for (const file of globSync(path.replace(/\.js$/, ".*"), { cwd: "dist" })) rmSync(`dist/${file}`);
  }
}

/** What each module exports, of those that export anything at all. */
async function exportsByModule(): Promise<ReadonlyMap<string, readonly string[]>> {
  const entryPoints = globSync("**/*.js", { cwd: "dist", ignore: apart }).map((path) => `dist/${path}`);
  // Bundled, so that what `export *` exports is among it.
  const { metafile } = await build({
    entryPoints,
    outdir: "dist",
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  const found = Object.values(metafile.outputs).flatMap(({ entryPoint, exports }) =>
    entryPoint === undefined || exports.length === 0 ? [] : [[relative("dist", entryPoint), exports] as const],
  );
  return new Map(found);
}

function reexport(path: string, from: string, spell: (name: string) => string): string {
  return `export { ${(names.get(path) ?? []).map(spell).join(", ")} } from ${JSON.stringify(from)};\n`;
}

/** `sync/lock.js` and `Lock` make `sync_lock$Lock`. */
function nameInBundle(path: string, name: string): string {
  return `${path.replace(/\.js$/, "").replaceAll(/[^a-zA-Z0-9]/g, "_")}$${name}`;
}

/**
 * Keeps the names of classes only, which users see. esbuild's `keepNames` names every function by a call, and a function within a
 * function at each run of it: a tenth of all the time of a busy pool. Without that call it has the name of its variable.
 */
function nameOnlyClasses(code: string): string {
  const left: [from: number, to: number][] = [];
  visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    const call = (node.type === "ExpressionStatement" ? node.expression : node) as Syntax;
    if (call.type !== "CallExpression" || (call.callee as Syntax)["name"] !== "__name") return;
    const [named] = call.arguments as Syntax[];
    if (named === undefined) return;
    if (node.type === "ExpressionStatement" && named.type === "Identifier") left.push([node.start, node.end]);
    if (named.type === "ArrowFunctionExpression" || named.type === "FunctionExpression") {
      left.push([call.start, named.start], [named.end, call.end]);
    }
  });
  // A statement and the call in it are the same place.
  left.sort(([one], [other]) => one - other);
  let kept = "";
  let at = 0;
  for (const [from, to] of left) {
    if (from < at) continue;
    kept += code.slice(at, from);
    at = to;
  }
  return kept + code.slice(at);
}

type Syntax = Node & Record<string, unknown>;

function visit(value: unknown, look: (node: Syntax) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, look);
  else if (typeof value === "object" && value !== null) {
    if ("type" in value && typeof value.type === "string") look(value as Syntax);
    for (const part of Object.values(value)) visit(part, look);
  }
}
