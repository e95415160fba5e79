/** How many processors this process may really use. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/**
 * The number of processors this process may use: those of its affinity mask, or fewer when a control group grants it less time.
 * At least 1. Python: `os.process_cpu_count()`, which does not know control groups.
 */
export function cpuCount(): number {
  const granted = Math.min(quotaV2(), quotaV1());
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(granted)));
}

/** Control groups, version 2: `cpu.max` of the process's group and of each above it holds "quota period", or "max period". */
function quotaV2(): number {
  const path = readText("/proc/self/cgroup")?.match(/^0::(\/.*)$/m)?.[1];
  if (path === undefined) return Infinity;
  let least = Infinity;
  for (let group = path; ; group = dirname(group)) {
    const [quota, period] = (readText(join("/sys/fs/cgroup", group, "cpu.max")) ?? "").split(/\s+/).map(Number);
    if (quota !== undefined && period !== undefined && quota > 0 && period > 0) least = Math.min(least, quota / period);
    if (group === "/" || group === ".") return least;
  }
}

/** Version 1: two files; a quota of -1 is none. */
function quotaV1(): number {
  const folder = "/sys/fs/cgroup/cpu";
  const quota = Number(readText(`${folder}/cpu.cfs_quota_us`) ?? -1);
  const period = Number(readText(`${folder}/cpu.cfs_period_us`) ?? 0);
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
