import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { cpuCount, grantedProcessors } from "#lib/platform/cpu-count.js";

function granted(files: Readonly<Record<string, string>>): number {
  return grantedProcessors((file) => files[file]);
}

test("cpuCount() is at least one, and no more than the affinity mask has", () => {
  assert.ok(Number.isInteger(cpuCount()));
  assert.ok(cpuCount() >= 1 && cpuCount() <= availableParallelism());
});

test("without control groups there is no limit", () => {
  assert.equal(granted({}), Infinity);
});

test("version 2: the quota of the container's own group counts", () => {
  assert.equal(granted({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" }), 1.5);
  assert.equal(granted({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" }), Infinity);
});

test("version 2: the least of the groups above counts", () => {
  const files = {
    "/proc/self/cgroup": "0::/a/b/c\n",
    "/sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/a/b/cpu.max": "200000 100000\n",
    "/sys/fs/cgroup/a/cpu.max": "400000 100000\n",
  };
  assert.equal(granted(files), 2);
});

test("version 1: the quota of the group counts, and of the container's root when the path is the host's", () => {
  const groups = "12:memory:/x\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n";
  const own = {
    "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "50000\n",
    "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000\n",
  };
  assert.equal(granted({ "/proc/self/cgroup": groups, ...own }), 0.5);
  const root = { "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" };
  assert.equal(granted({ "/proc/self/cgroup": groups, ...root }), 3);
  assert.equal(granted({ "/proc/self/cgroup": groups, ...root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n" }), Infinity);
});

test("version 1: other controllers whose names begin alike are not mistaken for it", () => {
  const root = { "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" };
  assert.equal(granted({ "/proc/self/cgroup": "3:cpuset:/\n2:cpuacct:/\n", ...root }), Infinity);
});
