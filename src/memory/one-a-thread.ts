/**
 * What there is one of in a thread, though two copies of the library may be loaded in it: a worker's own, and that of the user's
 * modules. Both have one place in the session, and hold a block once. Copies of another layout of memory have their own.
 */
const layout = 1;
const key = Symbol.for(`manyhands.memory.${layout}`);

const made: Map<string, unknown> = ((globalThis as { [key]?: Map<string, unknown> })[key] ??= new Map());

/** The one of that name, made by the first call. */
export function oneAThread<T>(name: string, make: () => T): T {
  let one = made.get(name);
  if (one === undefined) made.set(name, (one = make()));
  return one as T;
}

export function isMadeInThread(name: string): boolean {
  return made.has(name);
}
