import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pool as AnyPool } from "manyhands";
import { forEachBackend } from "./backends.js";

forEachBackend("Pool in a task", ({ kind, Pool }) => {
  test("tasks can have pools of their own, and leave nothing behind", async () => {
    await using pool = new Pool(1);
    const nested = await pool.apply(
      async (specifier: string) => {
        const { Pool: InnerPool } = (await import(specifier)) as { Pool: typeof AnyPool };
        const inner = new InnerPool(1);
        try {
          return await inner.map((x: number) => x * x, [3]);
        } finally {
          inner.close();
          await inner.join();
        }
      },
      [import.meta.resolve(kind === "process" ? "manyhands" : "manyhands/threads")],
    );
    assert.deepEqual(nested, [9]);
  });
});
