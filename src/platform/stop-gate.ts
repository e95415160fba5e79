/**
 * A thread must not be stopped within certain calls into native code: those that make objects of the engine. Node refuses such
 * objects to a thread that is being stopped; the FFI throws then, which is refused, too, and that ends the whole program.
 *
 * Each thread that this library starts has a gate, one shared word, and knows those of the threads above it, with which it ends:
 *
 *     bits 0-29   how many are inside: threads below the gate, or its own    add, by each of them
 *     bit 30      set once the thread is about to be stopped                 or, by whoever stops it, or by itself at its exit
 *
 *  1. Who finds bit 30 set on the way in leaves again, and stands still until it is stopped.
 *  2. Whoever stops a thread sets bit 30 first, and waits until nobody is inside: a few microseconds, or the loading of the FFI.
 *  3. A thread that ended inside would keep the stopper waiting: nobody ends there but with the program, or for want of memory.
 *     So that wait has a limit.
 */
import { workerData } from "node:worker_threads";

const stopping = 1 << 30;
/** Milliseconds; longer than loading the FFI takes on any machine. */
const longestCall = 10_000;

export class StopGate {
  readonly word: Int32Array;

  constructor(word: Int32Array = new Int32Array(new SharedArrayBuffer(4))) {
    this.word = word;
  }

  /** Lets nobody in any more, and returns once nobody is inside. */
  close(): void {
    const deadline = performance.now() + longestCall;
    for (let seen = Atomics.or(this.word, 0, stopping) | stopping; seen !== stopping; seen = Atomics.load(this.word, 0)) {
      const limit = deadline - performance.now();
      if (limit <= 0) return;
      Atomics.wait(this.word, 0, seen, limit);
    }
  }

  /** Whether the gate was open. */
  enter(): boolean {
    if ((Atomics.add(this.word, 0, 1) & stopping) === 0) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.sub(this.word, 0, 1);
    Atomics.notify(this.word, 0);
  }
}

/** The gates of this thread and of those above it, the topmost first; none in a thread that was not started by this library. */
const gates: readonly StopGate[] = gatesIn(workerData);
/** The gate of all threads that this one starts: it closes when this one ends by itself, for Node stops them then. */
let below: StopGate | undefined;

/** What a thread that this one starts is to get as `gates` with its data. `own` is the gate that is closed before it is stopped. */
export function gatesFor(own: StopGate): Int32Array[] {
  if (below === undefined) {
    const gate = new StopGate();
    process.on("exit", () => gate.close());
    below = gate;
  }
  return [...gates, below, own].map(({ word }) => word);
}

/** Makes a call within which this thread must not be stopped. */
export function unstopped<T>(call: () => T): T {
  const entered: StopGate[] = [];
  try {
    for (const gate of gates) {
      if (!gate.enter()) break;
      entered.push(gate);
    }
    if (entered.length === gates.length) return call();
  } finally {
    for (const gate of entered) gate.leave();
  }
  return standStill();
}

/** Until this thread is stopped, which is about to happen. */
function standStill(): never {
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(nobodyWakes, 0, 0);
}

function gatesIn(data: unknown): StopGate[] {
  if (typeof data !== "object" || data === null || !("gates" in data) || !Array.isArray(data.gates)) return [];
  return data.gates.filter((word) => word instanceof Int32Array).map((word) => new StopGate(word));
}
