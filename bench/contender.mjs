/** Runs one case of one contender in this process and prints the figure: `node contender.mjs FILE CASE`. */
const [, , file, name] = process.argv;
const contender = await import(new URL(`./contenders/${file}.mjs`, import.meta.url).href);
if (name === "--list") {
  process.stdout.write(`${JSON.stringify(Object.keys(contender))}\n`);
} else {
  const value = await contender[name]();
  process.stdout.write(`${JSON.stringify({ value })}\n`);
  process.exit(0);
}
