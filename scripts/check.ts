/**
 * Builds the library, the tests and the examples, and runs every check that needs no test: types, lint, layers …
 *
 *     npm run check
 */
import { runChecks } from "./testing/checks.js";

const { passed, failed } = await runChecks();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
