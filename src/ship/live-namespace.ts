/**
 * The objects that bundlers make of modules: every property is a getter that reads a variable, which may be set only later. They
 * are sent as their getters, so that they stay live.
 */

/** Stands for such an object in a message. */
export class LiveNamespace {
  readonly names: readonly string[];
  readonly getters: readonly unknown[];

  constructor(descriptors: readonly (readonly [string, PropertyDescriptor])[]) {
    this.names = descriptors.map(([name]) => name);
    this.getters = descriptors.map(([, { get }]) => get);
  }
}

const known = new WeakMap<object, LiveNamespace>();

/** `undefined` when `value` is an object like any other. */
export function liveNamespace(value: object): LiveNamespace | undefined {
  let found = known.get(value);
  if (found !== undefined || Object.getPrototypeOf(value) !== Object.prototype) return found;
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(value)).filter(([name]) => name !== "__esModule");
  const isLive = descriptors.length > 0 && descriptors.every(([, { get, set }]) => get !== undefined && set === undefined);
  if (isLive) known.set(value, (found = new LiveNamespace(descriptors)));
  return found;
}

export function makeLive(namespace: object, names: readonly string[], getters: readonly unknown[]): void {
  for (const [index, name] of names.entries()) {
    const get = getters[index];
    if (typeof get === "function")
      Object.defineProperty(namespace, name, { get: get as () => unknown, enumerable: true, configurable: true });
  }
}
