/** Like `setTimeout`, without its trap: a delay that does not fit its 32 bits would fire at once. */
export function startTimer(delay: number, onTime: () => void): NodeJS.Timeout {
  return setTimeout(onTime, Math.min(Math.max(delay, 0), longestDelay));
}

/** The longest a Node timer can wait, in milliseconds: 24.8 days. */
export const longestDelay = 2 ** 31 - 1;
