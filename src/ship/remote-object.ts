/** Values as the inspector speaks of them. */
import type { Runtime } from "node:inspector";

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

export function isLocation(value: unknown): value is { scriptId: string; lineNumber: number; columnNumber: number } {
  return (
    isRecord(value) &&
    typeof value["scriptId"] === "string" &&
    typeof value["lineNumber"] === "number" &&
    typeof value["columnNumber"] === "number"
  );
}

/** The id of what the inspector answered with. */
export function idOf(remote: unknown): string {
  const id: unknown = isRecord(remote) ? remote["objectId"] : undefined;
  if (typeof id !== "string") throw new Error("The inspector did not give an id for an object");
  return id;
}

/** What is said of a value, as an argument that is that value. */
export function asArgument({ objectId, unserializableValue, value }: Runtime.RemoteObject): Runtime.CallArgument {
  if (objectId !== undefined) return { objectId };
  return unserializableValue !== undefined ? { unserializableValue } : { value: value as unknown };
}
