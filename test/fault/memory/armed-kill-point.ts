/** Kills the process at the point named in the environment, after passing it as often as it says there. */
const fatal = process.env["KILL_POINT"];
let passes = Number(process.env["KILL_POINT_SKIP"] ?? 0);

export function killPoint(name: string): void {
  if (name !== fatal || passes-- > 0) return;
  process.kill(process.pid, "SIGKILL");
}
