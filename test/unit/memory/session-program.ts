/** The programs session.test.ts runs; each prints its session's folder first. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { isMainThread, Worker } from "node:worker_threads";
import { Block } from "#lib/memory/block.js";
import { session, sessionEnvironment } from "#lib/memory/session.js";

const how = process.argv[2];
const { folder } = session();
if (!isMainThread) {
  Block.allocate(64);
} else if (how === "environment only") {
  console.log(folder);
  if (process.env["MANYHANDS_SESSION"] !== folder && existsSync(folder)) throw new Error("a folder was made");
} else if (how === "threads") {
  const threads = Array.from({ length: 4 }, () => new Worker(new URL(import.meta.url)));
  await Promise.all(threads.map((thread) => once(thread, "exit")));
  if (!existsSync(folder)) throw new Error("the threads did not use the folder of their process");
} else if (how === "with a child") {
  Block.allocate(64);
  const child = spawn(process.execPath, [new URL(import.meta.url).pathname, "as a child"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...sessionEnvironment() },
  });
  await once(child.stdout, "data");
  console.log(JSON.stringify({ folder, child: child.pid }));
  setInterval(() => {}, 1000);
} else if (how === "as a child") {
  Block.allocate(64);
  process.on("SIGUSR2", () => process.exit(0));
  console.log("ready");
  setInterval(() => {}, 1000);
} else {
  console.log(folder);
  Block.allocate(64);
  Block.allocate(1_000_000);
  if (!existsSync(folder)) throw new Error("no folder was made");
  if (how === "process.exit()") process.exit(3);
  if (how === "SIGKILL") process.kill(process.pid, "SIGKILL");
  if (how === "an uncaught error") throw new Error("on purpose");
}
