import { cpuCount, Pool } from "../index.js";
import { Pool as ThreadPool } from "../threads.js";
import { UsageError, type InputChoice, type MapCommand } from "./arguments.js";
import { mapInputs } from "./engine/map-inputs.js";
import { FilesSource } from "./input/files-source.js";
import type { InputSource } from "./input/input-source.js";
import { fileSource, stdinSource } from "./input/stream-source.js";
import { MapView } from "./map-view.js";
import { locateTarget } from "./target/locate-target.js";
import { prepareWorkers } from "./target/prepare-workers.js";
import { sendOutputToStderr } from "./target/send-output-to-stderr.js";

/**
 * Runs `manyhands map` and answers its exit code: 0, or 1 when inputs failed. Aborting `stop` ends it early and quietly:
 * the workers are gone when it returns.
 *
 * @throws UsageError when a file that was named does not exist, LoadError when the function cannot be loaded, or whatever
 * stopped the work.
 */
export async function runMap(command: MapCommand, stop: AbortController): Promise<number> {
  const located = locateTarget(command.target, process.cwd());
  const source = await openSource(command.input, command.format.input === "json");
  const jobs = command.jobs ?? cpuCount();
  const PoolClass = command.backend === "thread" ? ThreadPool : Pool;
  const { pool, target } = await prepareWorkers(located, () => {
    const opened = new PoolClass(jobs, { name: "manyhands", initializer: sendOutputToStderr });
    stop.signal.addEventListener("abort", () => opened.terminate());
    return opened;
  });
  stop.signal.addEventListener("abort", () => source.close());
  const view = new MapView({ source, isQuiet: command.isQuiet, onReaderGone: () => stop.abort() });
  stop.signal.addEventListener("abort", () => view.abandon());
  try {
    for await (const block of mapInputs(pool, source, { ...command, jobs, target })) {
      if (stop.signal.aborted) break;
      await view.show(block);
    }
    pool.close();
  } catch (error) {
    pool.terminate();
    if (!stop.signal.aborted) throw error;
  } finally {
    view.stop();
    await pool.join();
  }
  return view.finish();
}

async function openSource(input: InputChoice, isJson: boolean): Promise<InputSource> {
  if (input.kind === "globs") return FilesSource.find(input.globs);
  const options = { skipBlank: isJson, ...(input.isNullEnded && { separator: 0 }) };
  if (input.kind === "stdin") return stdinSource(options);
  try {
    return fileSource(input.path, options);
  } catch (error) {
    throw new UsageError(`Cannot read ${input.path}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
