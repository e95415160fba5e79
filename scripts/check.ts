/**
 * Everything about the tree that can be wrong without running it. Builds the library and the tests on the way.
 *
 *     npm run check
 */
import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";

interface Gate {
  readonly name: string;
  readonly command: string;
}

/** In this order: the tests and the linter read the types that the library's build writes. */
const gates: readonly Gate[] = [
  { name: "types of the library", command: "tsc -p tsconfig.json" },
  { name: "types of the tests", command: "tsc -p test/tsconfig.json" },
  { name: "types of the examples", command: "tsc -p examples/tsconfig.json" },
  { name: "types of the scripts", command: "tsc -p scripts/tsconfig.json" },
  { name: "lint", command: "oxlint" },
  { name: "layers", command: "node --import tsx scripts/layers.ts" },
];

let failed = 0;
for (const gate of gates) if (!(await passes(gate))) failed += 1;
console.log(`\n${gates.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function passes(gate: Gate): Promise<boolean> {
  const started = performance.now();
  const child = spawn(gate.command, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [exitCode, output, errors] = await Promise.all([exited, buffer(child.stdout), buffer(child.stderr)]);
  console.log(`${exitCode === 0 ? "✔" : "✖"} ${gate.name}  ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  if (exitCode !== 0) process.stdout.write(Buffer.concat([output, errors]));
  return exitCode === 0;
}
