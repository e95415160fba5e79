import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiGlyphs, grouped, renderBar } from "#lib/cli/progress/render-bar.js";
import type { ProgressState } from "#lib/cli/progress/progress.js";

const known: ProgressState = {
  done: 4213,
  failed: 3,
  total: { count: 10_000, isEstimate: false },
  rate: 812.4,
  elapsed: 5200,
  remaining: 7100,
};
const unknown: ProgressState = { done: 4213, failed: 0, total: undefined, rate: 812.4, elapsed: 5200, remaining: undefined };

test("a wide terminal shows everything", () => {
  assert.equal(renderBar(known, 120), "━━━━━━━━━━━━──────────────────  42% · 4,213/10,000 · 812/s · 5.2 s · 7.1 s left · 3 failed");
  assert.equal(
    renderBar(known, 120, asciiGlyphs),
    "############..................  42% | 4,213/10,000 | 812/s | 5.2 s | 7.1 s left | 3 failed",
  );
});

test("without a total there is no bar and no estimate", () => {
  assert.equal(renderBar(unknown, 120), "4,213 done · 812/s · 5.2 s");
});

test("an estimated total says so", () => {
  assert.match(renderBar({ ...known, total: { count: 9990, isEstimate: true } }, 120), /4,213\/~9,990/);
});

test("narrower terminals lose the least needed parts, and failures last", () => {
  assert.equal(renderBar(known, 63), "━━━━───────  42% · 4,213/10,000 · 812/s · 7.1 s left · 3 failed");
  assert.equal(renderBar(known, 45), " 42% · 4,213/10,000 · 7.1 s left · 3 failed");
  assert.equal(renderBar(known, 30), " 42% · 4,213/10,000 · 3 failed");
  assert.equal(renderBar(known, 16), " 42% · 3 failed");
});

test("no width is ever exceeded", () => {
  for (let width = 0; width < 150; width += 1) {
    for (const state of [known, unknown]) assert.ok(renderBar(state, width).length <= width, `${width}`);
  }
});

test("an empty input is complete, and a finished one has nothing left", () => {
  assert.match(renderBar({ ...known, done: 0, failed: 0, total: { count: 0, isEstimate: false } }, 100), /^━{30} 100%/);
  assert.doesNotMatch(renderBar({ ...known, done: 10_000, remaining: 0 }, 100), /left/);
});

test("grouped separates thousands and keeps a decimal of small numbers", () => {
  assert.deepEqual([0, 7, 7.25, 999.6, 1234567].map(grouped), ["0", "7", "7.3", "1,000", "1,234,567"]);
});
