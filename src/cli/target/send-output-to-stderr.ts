/**
 * Runs in workers before anything else. Standard output belongs to the results: what the user's function prints would
 * break the lines of whoever reads them.
 */
export function sendOutputToStderr(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}
