/** How many processors this process may really use. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { posix } from "node:path";

/**
 * The number of processors this process may use: those of its affinity mask, or fewer when a control group grants it less time.
 * At least 1. Python: `os.process_cpu_count()`, which does not know control groups.
 */
export function cpuCount(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(grantedProcessors(readText))));
}

/**
 * How many processors' time the control groups of this process grant: the least of what its own group and each above it do.
 * `Infinity` when none sets a limit. `read` gives the text of a file, or `undefined` when there is none.
 */
export function grantedProcessors(read: (file: string) => string | undefined): number {
  const groups = read("/proc/self/cgroup") ?? "";
  const unified = /^0::(\/.*)$/m.exec(groups)?.[1];
  const ofProcessors = /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(\/.*)$/m.exec(groups)?.[1];
  const quotas = [
    // Version 2: "quota period", or "max period".
    ...groupsUpTo(unified).map((group) => (read(posix.join("/sys/fs/cgroup", group, "cpu.max")) ?? "").split(/\s+/)),
    // Version 1: a file each; a quota of -1 is none.
    ...groupsUpTo(ofProcessors).map((group) =>
      ["quota", "period"].map((what) => read(posix.join("/sys/fs/cgroup/cpu", group, `cpu.cfs_${what}_us`))),
    ),
  ];
  return Math.min(...quotas.map(([quota, period]) => share(Number(quota), Number(period))));
}

/** The group and all above it. A container sees its own group as the root, whatever the path says: so that one is always asked. */
function groupsUpTo(path: string | undefined): string[] {
  if (path === undefined) return [];
  const groups = [path];
  for (let group = path; group !== "/";) groups.push((group = posix.dirname(group)));
  return groups;
}

function share(quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
