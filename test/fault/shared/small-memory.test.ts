/** Where /dev/shm is small, as in containers: things work, or fail with words; touching memory never kills. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const program = new URL("./hungry.js", import.meta.url).pathname;
const smallTemporary = mkdtempSync(join(tmpdir(), "small-memory-"));
after(() => rmSync(smallTemporary, { recursive: true, force: true }));

/** Runs it with a /dev/shm of its own; the mounts are seen by nobody else and end with it. */
function runSmall(how: string, temporary: string | undefined) {
  const { MANYHANDS_SESSION: _session, ...env } = process.env;
  const mounts = ["mount -t tmpfs -o size=1m tmpfs /dev/shm"];
  if (temporary !== undefined) mounts.push(`mount -t tmpfs -o size=8m tmpfs ${temporary}`);
  return spawnSync("unshare", ["-m", "sh", "-c", `${mounts.join(" && ")} && exec "$0" "$@"`, process.execPath, program, how], {
    encoding: "utf8",
    timeout: 120_000,
    env: { ...env, ...(temporary !== undefined && { TMPDIR: temporary }) },
  });
}

const refusal = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/dev/shm"], { encoding: "utf8" });
const skip = refusal.status === 0 ? false : `needs "unshare -m" and mount: ${refusal.error?.message ?? refusal.stderr.trim()}`;

for (const how of ["large", "named", "small", "pool", "pipe", "queue"]) {
  test(`${how}: what finds no room in a /dev/shm of 1 MiB is in the temporary folder`, { skip }, () => {
    const { status, signal, stdout, stderr } = runSmall(how, undefined);
    assert.equal(signal, null);
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim(), "works");
  });
}

test("pool: where the temporary folder is small, too, large values go through the stream", { skip }, () => {
  const { status, stdout, stderr } = runSmall("pool", smallTemporary);
  assert.equal(status, 0, stderr);
  assert.equal(stdout.trim(), "works");
});

for (const how of ["large", "named", "many", "small", "pipe", "queue"]) {
  test(`${how}: where the temporary folder is small, too, there is a ResourceLimitError`, { skip }, () => {
    const { status, signal, stdout, stderr } = runSmall(how, smallTemporary);
    assert.equal(signal, null);
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim(), "ResourceLimitError");
  });
}
