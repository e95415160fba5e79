/**
 * A node:test reporter: one JSON line an event, for run-file.ts to read. It is loaded into the test's own process by
 * whichever Node version runs it, so it is plain JavaScript.
 */
import { inspect } from "node:util";

/**
 * @typedef {import("node:test/reporters").TestEvent} TestEvent
 * @typedef {Extract<TestEvent, { type: "test:pass" | "test:fail" }>} Outcome
 */

/** @param {AsyncIterable<TestEvent>} source */
export default async function* reporter(source) {
  for await (const event of source) {
    if (event.type === "test:dequeue") yield line({ type: "start", name: event.data.name, nesting: event.data.nesting });
    if (event.type === "test:pass" || event.type === "test:fail") yield line(describe(event));
  }
}

/** @param {Outcome} event */
function describe({ type, data }) {
  const skipped = data.skip ?? data.todo;
  return {
    type: type === "test:pass" ? "pass" : "fail",
    name: data.name,
    nesting: data.nesting,
    at: data.line === undefined ? undefined : `${data.file}:${data.line}`,
    isSuite: data.details.type === "suite",
    skipped: skipped === undefined ? undefined : String(skipped),
    ...(type === "test:fail" && describeError(data.details.error)),
  };
}

/** @param {Error} error */
function describeError(error) {
  return {
    error: inspect(error.cause ?? error, { depth: 4 }),
    // A parent fails with its children; only they are counted.
    isConsequence: "failureType" in error && error.failureType === "subtestsFailed",
  };
}

/** @param {object} value */
function line(value) {
  return `${JSON.stringify(value)}\n`;
}
