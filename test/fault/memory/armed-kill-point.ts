/**
 * Kills the process at the point named in the environment, after passing it as often as it says there. `KILL_ONCE`: a file that
 * does not exist yet, and will when the first of several processes has been killed; the others go on.
 */
import { writeFileSync } from "node:fs";

const fatal = process.env["KILL_POINT"];
const once = process.env["KILL_ONCE"];
let passes = Number(process.env["KILL_POINT_SKIP"] ?? 0);

export function killPoint(name: string): void {
  if (name !== fatal || passes-- > 0 || !isFirst()) return;
  process.kill(process.pid, "SIGKILL");
}

function isFirst(): boolean {
  if (once === undefined) return true;
  try {
    writeFileSync(once, "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}
