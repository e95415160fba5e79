import assert from "node:assert/strict";
import { test } from "node:test";
import { Watchdog } from "#lib/cli/engine/watchdog.js";

/** Watches positions given one a look, and tells how many looks it took to bark; time is the test runner's. */
function looksUntilBark(timers: { tick(ms: number): void }, positions: readonly number[]): number | undefined {
  const watchdog = new Watchdog(80);
  let looks = 0;
  let barkedAt: number | undefined;
  watchdog.watch(
    () => positions[looks++] ?? positions.at(-1) ?? 0,
    () => (barkedAt ??= looks),
  );
  for (let tick = 0; tick < 50; tick += 1) timers.tick(10);
  watchdog.stop();
  return barkedAt;
}

test("the watchdog barks once nothing has moved for the whole time, counted from the first look that saw it", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  assert.equal(looksUntilBark(context.mock.timers, [5]), 9);
  assert.equal(looksUntilBark(context.mock.timers, [5, 5, 5, 5, 5, 5, 5, 6]), 16);
});

test("the watchdog never barks at work that moves, or that has not begun", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  assert.equal(
    looksUntilBark(
      context.mock.timers,
      Array.from({ length: 60 }, (_, index) => 1 + Math.floor(index / 8)),
    ),
    undefined,
  );
  assert.equal(looksUntilBark(context.mock.timers, [0]), undefined);
});
