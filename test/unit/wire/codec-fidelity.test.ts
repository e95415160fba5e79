import { test } from "node:test";
import fc from "fast-check";
import { createCodec } from "#lib/wire/codec.js";
import { arbitraryGraph } from "./arbitrary-graph.js";
import { assertSameGraph } from "./same-graph.js";

const codec = createCodec({ extensions: [], loadModule: () => Promise.reject(new Error("no modules here")) });

test("a value that crosses is what structuredClone makes of it, with the same sharing and cycles", () => {
  const property = fc.property(arbitraryGraph, (value) => {
    assertSameGraph(codec.decode(codec.encode(value, "value")), structuredClone(value));
  });
  fc.assert(property, { numRuns: Number(process.env["MANYHANDS_RUNS"] ?? 500) });
});
