/** Puts answers into messages. A result that cannot be encoded becomes its task's error: the worker and its other results are unharmed. */
import { isMainThread, threadId } from "node:worker_threads";
import { realm } from "../backend/realm.js";
import { cargoOf } from "../memory/cargo.js";
import type { ProcessName } from "../memory/consignment.js";
import { checkReach } from "../memory/reach.js";
import { startTimeOf } from "../platform/liveness.js";
import { codecTowards } from "../ship/codec.js";
import type { Payload, WorkerMessage } from "../wire/messages.js";
import type { Answer, ItemFailure } from "./run-task.js";

export function encodeAnswer(taskId: number, answer: Answer): WorkerMessage {
  if (answer.kind === "error") return { kind: "error", taskId, error: encodeError(answer.error) };
  if (answer.kind === "outcomes") return encodeOutcomes(taskId, answer);
  try {
    return { kind: "value", taskId, value: encode(answer.value, "result") };
  } catch (error) {
    return { kind: "error", taskId, error: encodeError(error) };
  }
}

/** The message is about to be sent: what it names lives until the host has it, even if this worker ends before. */
export function handOver(message: WorkerMessage): WorkerMessage {
  for (const payload of payloadsOf(message)) {
    cargoOf(payload)?.handOver((hostName ??= nameHost()), { processId: process.pid, threadId: isMainThread ? 0 : threadId });
  }
  return message;
}

let hostName: ProcessName | undefined;

function nameHost(): ProcessName {
  const id = realm().identity?.parent.pid ?? process.ppid;
  return { id, startTime: startTimeOf(id) ?? 0 };
}

function payloadsOf(message: WorkerMessage): readonly Payload[] {
  switch (message.kind) {
    case "ready":
      return [];
    case "value":
      return [message.value];
    case "outcomes":
      return [message.values, ...message.failures.map(({ error }) => error)];
    case "failed":
    case "error":
      return [message.error];
  }
}

/** What was thrown, as far as it can be sent; at the least what it says. */
export function encodeError(error: unknown): Payload {
  try {
    return encode(error, "error");
  } catch (refusal) {
    return encode(refusal, "error");
  }
}

function encodeOutcomes(taskId: number, { values, failures }: Extract<Answer, { kind: "outcomes" }>): WorkerMessage {
  const payload = tryEncode(values);
  if (payload !== undefined) return { kind: "outcomes", taskId, values: payload, failures: failures.map(encodeFailure) };
  const sorted = withRefusals(values, failures);
  return { kind: "outcomes", taskId, values: encode(sorted.values, "result"), failures: sorted.failures.map(encodeFailure) };
}

function tryEncode(values: readonly unknown[]): Payload | undefined {
  try {
    return encode(values, "result");
  } catch {
    return undefined;
  }
}

/** Sorts out the values that cannot be encoded: they join the failures, in the order of the items. */
function withRefusals(values: readonly unknown[], failures: readonly ItemFailure[]): { values: unknown[]; failures: ItemFailure[] } {
  const kept: unknown[] = [];
  const all: ItemFailure[] = [];
  let nextValue = 0;
  let nextFailure = 0;
  for (let index = 0; index < values.length + failures.length; index++) {
    const failure = failures[nextFailure];
    if (failure?.index === index) {
      all.push(failure);
      nextFailure += 1;
      continue;
    }
    const value = values[nextValue++];
    try {
      encode(value, "result");
      kept.push(value);
    } catch (error) {
      all.push({ index, error });
    }
  }
  return { values: kept, failures: all };
}

function encodeFailure({ index, error }: ItemFailure): { index: number; error: Payload } {
  return { index, error: encodeError(error) };
}

/** Encodes something for the host of this worker. */
function encode(value: unknown, root: string): Payload {
  const host = { sharesMemory: !isMainThread };
  const payload = codecTowards(host).encode(value, root);
  checkReach(host, payload);
  return payload;
}
