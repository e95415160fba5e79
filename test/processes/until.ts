import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/** Looks again and again until the condition holds; fails after a minute, whatever the machine is busy with. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `gave up waiting until ${what}`);
    await delay(5);
  }
}
