/** Runs a suite for every backend, and sees to it that each test leaves no process behind. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, afterEach } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "manyhands";
import { Pool as ThreadPool } from "manyhands/threads";

export interface BackendUnderTest {
  readonly kind: "process" | "thread";
  readonly Pool: typeof Pool;
}

export function forEachBackend(name: string, define: (backend: BackendUnderTest) => void): void {
  const backends: readonly BackendUnderTest[] = [
    { kind: "process", Pool },
    { kind: "thread", Pool: ThreadPool },
  ];
  for (const backend of backends) {
    suite(`${name} (${backend.kind})`, { timeout: 120_000 }, () => {
      afterEach(async () => await waitUntil("no child process is left", () => childPids().length === 0));
      define(backend);
    });
  }
}

/** More than any wait takes on a busy machine. */
export const patience = { timeout: 60_000 };

/** Waits for a condition, which must come true within a minute. */
export async function waitUntil(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + patience.timeout;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `within a minute: ${what}`);
    await delay(5);
  }
}

/** The processes this one has started, zombies included. */
export function childPids(): number[] {
  return readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    } catch {
      // The thread has just ended.
      return [];
    }
  });
}
