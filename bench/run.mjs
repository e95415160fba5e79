/**
 * `npm run bench [-- CASE ...] [--rounds N]`: every contender on the same work in the same run. The contenders of a case
 * take turns (A B C A B C ...), each round in a fresh process, so a drift of the machine's speed meets all of them alike;
 * medians are printed, and our ratio to each.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases, lowerIsBetter } from "./cases.mjs";
import { median } from "./measure.mjs";
import { runProgram } from "./run-program.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const ours = "manyhands";
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" } },
});
const rounds = Number(options.rounds);

if (!existsSync(`${here}/node_modules`)) {
  execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: here, stdio: "inherit" });
}
const contenders = listContenders();
const missed = [];
for (const benchCase of cases) {
  if (wanted.length > 0 && !wanted.includes(benchCase.name)) continue;
  const takingPart = (benchCase.ofProgram === undefined ? contenders : listPrograms()).filter((contender) =>
    contender.cases.includes(benchCase.name),
  );
  if (!takingPart.some((contender) => contender.name === ours)) continue;
  report(benchCase, await measure(benchCase, takingPart));
}
process.stdout.write(missed.length === 0 ? "\nevery goal met\n" : `\ngoals missed:\n${missed.map((line) => `  ${line}\n`).join("")}`);

function listContenders() {
  const scripts = readdirSync(`${here}/contenders`).filter((file) => file.endsWith(".mjs"));
  const list = scripts.map((file) => {
    const name = file.slice(0, -".mjs".length);
    return { name, command: [process.execPath, `${here}/contender.mjs`, name] };
  });
  const python = spawnSync("python3", ["-c", ""]).status === 0;
  if (python) list.push({ name: "python", command: ["python3", `${here}/contenders/python.py`] });
  else process.stdout.write("python3 is not installed: it does not take part\n");
  return list.map((contender) => {
    const [program, ...args] = contender.command;
    return { ...contender, cases: JSON.parse(execFileSync(program, [...args, "--list"], { encoding: "utf8" })) };
  });
}

/** Programs that do nothing else, as a user would write them. Python has its own in its one file. */
function listPrograms() {
  const programs = readdirSync(`${here}/cold-start`).map((file) => {
    return { name: file.slice(0, -".mjs".length), command: [process.execPath, `${here}/cold-start/${file}`], cases: ["coldStart"] };
  });
  return [...programs, ...contenders.filter(({ name }) => name === "python")];
}

async function measure(benchCase, takingPart) {
  const figures = new Map(takingPart.map((contender) => [contender.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of takingPart) {
      const figure = await runOnce(benchCase, contender);
      if (figure !== undefined) figures.get(contender.name).push(figure);
    }
  }
  return new Map([...figures].map(([name, values]) => [name, values.length > 0 ? median(values) : undefined]));
}

async function runOnce(benchCase, contender) {
  const pin = benchCase.pinned ? ["taskset", "-c", "0"] : [];
  const end = await runProgram([...pin, ...contender.command, benchCase.name], { countsMemory: benchCase.ofProgram === "peakMegabytes" });
  if (end.status !== 0) {
    process.stdout.write(`  ${contender.name} failed: ${end.stderr.trim().split("\n").slice(-4).join(" | ")}\n`);
    return undefined;
  }
  return benchCase.ofProgram === undefined ? JSON.parse(end.stdout.trim().split("\n").at(-1)).value : end[benchCase.ofProgram];
}

function report(benchCase, figures) {
  const lower = lowerIsBetter.has(benchCase.unit);
  const our = figures.get(ours);
  process.stdout.write(`\n${benchCase.name}: ${benchCase.what} [${benchCase.unit}]\n`);
  const sorted = [...figures].filter(([, value]) => value !== undefined).sort(([, a], [, b]) => (lower ? a - b : b - a));
  for (const [name, value] of sorted) {
    const ratio = name === ours || our === undefined ? "" : `  ours is ${(lower ? value / our : our / value).toFixed(2)}x as good`;
    process.stdout.write(`  ${name.padEnd(20)} ${format(value).padStart(14)}${ratio}\n`);
  }
  for (const goal of benchCase.goals) judge({ benchCase, figures, goal, lower, our });
}

function judge({ benchCase, figures, goal, lower, our }) {
  if (our === undefined) return;
  const best = goal.against?.map((name) => figures.get(name)).filter((value) => value !== undefined);
  if (best?.length === 0) return;
  const reached = goal.atMost === undefined ? bestRatio(our, best, lower) : goal.atMost / our;
  const target = goal.atMost === undefined ? goal.ratio : 1;
  const text =
    goal.atMost === undefined ? `${goal.ratio}x the best of ${goal.against.join(", ")}` : `at most ${goal.atMost} ${benchCase.unit}`;
  const verdict = reached >= target ? "met" : "MISSED";
  process.stdout.write(`  goal ${text}: ${verdict} (${reached.toFixed(2)}x)\n`);
  if (verdict === "MISSED") missed.push(`${benchCase.name}: ${text}, reached ${reached.toFixed(2)}x`);
}

function bestRatio(our, others, lower) {
  return lower ? Math.min(...others) / our : our / Math.max(...others);
}

function format(value) {
  return value >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
}
