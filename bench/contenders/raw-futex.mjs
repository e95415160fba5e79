/**
 * What the machine itself takes to wake a waiter in another process, with nothing of a library around it: a futex for one that
 * blocks, a FIFO for one whose event loop waits. Most of it is the processor's coming out of its idle state.
 */
import { execFileSync, spawn } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asleep, median } from "../measure.mjs";

const rounds = 300;
const [changes, answers, ready] = [0, 16, 32];
const wokenAt = 4;
const futexCall = 202;

export const wakeSync = () => wake("futex", asleep.lately);
export const wakeAsync = () => wake("fifo", asleep.lately);
export const wakeSyncIdle = () => wake("futex", asleep.long);
export const wakeAsyncIdle = () => wake("fifo", asleep.long);

const [, program, role, kind, folder] = process.argv;
if (program === fileURLToPath(import.meta.url) && role === "waiter") waiter(kind, map(folder));

async function wake(how, pause) {
  const place = mkdtempSync("/dev/shm/bench-raw-futex-");
  try {
    writeFileSync(join(place, "memory"), Buffer.alloc(4096));
    execFileSync("mkfifo", [join(place, "bell")]);
    const shared = map(place);
    const other = spawn(process.execPath, [fileURLToPath(import.meta.url), "waiter", how, place], { stdio: "inherit" });
    while (Atomics.load(shared.words, ready) === 0) await delay(5);
    const times = [];
    for (let round = 0; round < rounds; round++) {
      if (round === 0) await delay(500);
      await pause();
      const at = process.hrtime.bigint();
      Atomics.store(shared.words, changes, round + 1);
      if (how === "futex") shared.futex(1, 1);
      else shared.ring();
      while (Atomics.load(shared.words, answers) !== round + 1) await delay(1);
      times.push(Number(shared.longs[wokenAt] - at) / 1000);
    }
    other.kill();
    return median(times);
  } finally {
    rmSync(place, { recursive: true });
  }
}

function waiter(how, { words, longs, futex, bell }) {
  const woken = () => {
    longs[wokenAt] = process.hrtime.bigint();
    Atomics.add(words, answers, 1);
  };
  Atomics.store(words, ready, 1);
  if (how === "fifo") {
    const callback = () => {
      woken();
      return true;
    };
    new Socket({ fd: bell, readable: true, writable: false, onread: { buffer: new Uint8Array(64), callback } }).resume();
    return;
  }
  for (let seen = 0; seen < rounds; seen++) {
    while (Atomics.load(words, changes) === seen) futex(0, seen);
    woken();
  }
}

function map(place) {
  const koffi = createRequire(import.meta.url)("koffi");
  const c = koffi.load(null);
  const mmap = c.func("mmap", "uint64_t", ["uint64_t", "size_t", "int", "int", "int", "int64_t"]);
  const call = c.func("syscall", "int64_t", ["int64_t", "uint64_t", "int64_t", "int64_t", "void *", "uint64_t", "int64_t"]);
  const write = c.func("write", "int64_t", ["int", "void *", "size_t"]);
  const address = mmap(0, 4096, 3, 1, openSync(join(place, "memory"), "r+"), 0);
  const buffer = koffi.view(BigInt(address), 4096);
  const bell = openSync(join(place, "bell"), constants.O_RDWR | constants.O_NONBLOCK);
  const one = new Uint8Array([1]);
  return {
    words: new Int32Array(buffer),
    longs: new BigInt64Array(buffer),
    bell,
    futex: (operation, value) => call(futexCall, address, operation, value, null, 0, 0),
    ring: () => write(bell, one, 1),
  };
}

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
