/**
 * Runs a suite for processes and for threads, and sees to it that each test leaves none behind. Without native functions
 * (`without-native.test.ts`) it runs for threads alone.
 */
import { afterEach, suite } from "node:test";
import { activeChildren, Process } from "manyhands";
import { Process as ThreadProcess } from "manyhands/threads";

export interface BackendUnderTest {
  readonly kind: "process" | "thread";
  /** Starts `target` in a process or thread of its own. */
  start<A extends readonly unknown[], R>(target: (...args: A) => R, args: A): Process<A, R>;
}

export function forEachBackend(name: string, define: (backend: BackendUnderTest) => void): void {
  const kinds = process.env["MANYHANDS_NO_NATIVE"] === "1" ? (["thread"] as const) : (["process", "thread"] as const);
  for (const kind of kinds) {
    const backend: BackendUnderTest = {
      kind,
      start: (target, args) => new (kind === "process" ? Process : ThreadProcess)(target, args).start(),
    };
    suite(`${name} (${kind})`, { timeout: 180_000 }, () => {
      afterEach(async () => {
        for (const child of activeChildren()) child.kill();
        for (const child of activeChildren()) await child.join();
      });
      define(backend);
    });
  }
}

/** More than any wait takes on a busy machine. */
export const patience = { timeout: 60_000 };
