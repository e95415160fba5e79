/**
 * Who is who: a function that comes back to where it was made is the function itself, not a copy.
 *
 * An origin is `isolate:number`, given by the isolate where the function was made and kept wherever it goes. Functions are held
 * weakly: being known keeps none alive.
 */

const isolate = `${process.pid.toString(36)}-${Math.random().toString(36).slice(2)}`;
const made = new Map<string, WeakRef<Function>>();
const received = new Map<string, WeakRef<Function>>();
const origins = new WeakMap<Function, string>();
let lastNumber = 0;

const collected = new FinalizationRegistry<string>((origin) => {
  for (const known of [made, received]) if (known.get(origin)?.deref() === undefined) known.delete(origin);
});

/** The origin of a function, which is this isolate when it came from nowhere else. */
export function originOf(fn: Function): string {
  let origin = origins.get(fn);
  if (origin !== undefined) return origin;
  origin = `${isolate}:${++lastNumber}`;
  remember(made, origin, fn);
  return origin;
}

/** The function that was made here. `undefined` for functions of others. */
export function madeHere(origin: string): Function | undefined {
  return made.get(origin)?.deref();
}

/** The class that came here before. */
export function receivedBefore(origin: string): Function | undefined {
  return received.get(origin)?.deref();
}

export function rememberReceived(origin: string, fn: Function): void {
  remember(received, origin, fn);
}

function remember(known: Map<string, WeakRef<Function>>, origin: string, fn: Function): void {
  known.set(origin, new WeakRef(fn));
  origins.set(fn, origin);
  collected.register(fn, origin);
}
