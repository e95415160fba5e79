/** Milliseconds of `5s`, `500ms`, `1.5m`, `2h` or a plain number of milliseconds; `undefined` when `text` is none of them. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * unitOf(match[2]);
}

/** `850 ms`, `4.2 s`, `3:05 min`, `2:03:05 h`: the shortest spelling that tells enough. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${twoDigits(seconds % 60)} min`;
  return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)} h`;
}

function unitOf(unit: string | undefined): number {
  switch (unit) {
    case "s":
      return 1000;
    case "m":
      return 60_000;
    case "h":
      return 3_600_000;
    default:
      return 1;
  }
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
