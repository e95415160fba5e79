import { canRedraw, glyphsFor, TerminalBar } from "#lib/cli/progress/progress-display.js";
import { renderBar } from "#lib/cli/progress/render-bar.js";
import type { Progress } from "#lib/cli/progress/progress.js";

/** The bar where standard error is a terminal, a line every two seconds elsewhere. */
export function showProgress(title: string, progress: Progress, count: number): { stop(): void } {
  const state = () => progress.state(performance.now(), { kind: "count", count }, count);
  const print = (text: string) => process.stderr.write(`${title}: ${text}\n`);
  const isTerminal = canRedraw(process.stderr, process.env);
  const bar = isTerminal ? new TerminalBar(process.stderr, state, glyphsFor(process.env)) : undefined;
  const timer = isTerminal ? undefined : setInterval(() => print(renderBar(state(), plainWidth)), plainInterval);
  bar?.start();
  return {
    stop() {
      clearInterval(timer);
      bar?.stop();
      print(renderBar(state(), plainWidth));
    },
  };
}

const plainInterval = 2000;
const plainWidth = 100;
