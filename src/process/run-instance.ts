/** What a process runs when a subclass of `Process` overrides `run()`. */

/** Calls `run` on a copy of the object: its class, with the properties it had at the start. Changes to it stay in this process. */
export function runInstance(processClass: { readonly prototype: object }, properties: object): unknown {
  const copy: unknown = Object.assign(Object.create(processClass.prototype), properties);
  return (copy as { run(): unknown }).run();
}
