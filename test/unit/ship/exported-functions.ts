/** A module with state: functions sent by reference share it where they arrive. */
let calls = 0;

export function bump(): number {
  return ++calls;
}
export const viaArrow = (x: number): number => x + bump();
export class Model {
  readonly name = "model";
  static load(): string {
    return `loaded ${bump() > 0}`;
  }
}
export const table = { method: (x: number): number => x + bump() };
const listed = (): number => bump();
export { listed as renamed };
const hidden = (factor: number): number => factor * 2;
export const getHidden = (): ((factor: number) => number) => hidden;
export let changing = (): string => "first";
export const firstChanging = changing;
export function change(): void {
  changing = () => "second";
}
export const replaced = { method: (): string => "declared" };
replaced.method = (): string => "put there";
export let live: number | null = null;
export function setLive(value: number): void {
  live = value;
}
