/** One line for mistakes, and the whole for `--help`. */
export const usageLine = "Usage: manyhands map MODULE[#EXPORT] [options]   (manyhands --help explains)";

export const helpText = `Usage: manyhands map MODULE[#EXPORT] [options]
       manyhands --help | --version

Calls a function once for each input, on all cores, and writes a line for each.

  MODULE    a file (./count.js, count.ts), a package, or one of Node's own
            (node:path). JavaScript or TypeScript, ES module or CommonJS; each
            worker loads it once.
  EXPORT    which of its functions; the default export unless given. Dots go
            deeper: node:path#posix.basename. It is called with one argument,
            the input, and may return a promise.

Inputs, one of
  (nothing)           the lines of standard input
  -i, --input FILE    the lines of a file
  --files GLOB...     the names of the files that globs match ("src/**/*.ts")
and
  -0, --null          each ends with a NUL byte instead of a line end, as names
                      from find -print0 do
  --json              each line is JSON, and the function gets its value; blank
                      lines are passed over

Results
                      as JSON, a line for each input, in the order of the inputs
  -u, --unordered     as soon as they are there
  -r, --raw           strings as they are, without quotes; the rest as JSON

Work
  -j, --jobs N        how many workers (default: the number of cores)
  --threads           worker threads instead of processes
  --chunk-size N      send N inputs at most to a worker at once; by default one,
                      growing only while inputs take a few milliseconds or less
  --timeout TIME      stop an input that runs longer, and replace its worker.
                      Milliseconds, or with a unit: 500ms, 5s, 2m, 1h. Noticed
                      within a quarter more of that time

  -q, --quiet         no progress bar, no summary; failures are still reported
  -h, --help          this text
  -V, --version       the version

An input that fails, by an error, by its time or by its worker's death, costs
that input alone: a line on standard error, and exit code 1 at the end. No input
is run twice. What the function prints goes to standard error.

Lines end with LF or CR LF; an empty line is an input. A line that is not UTF-8,
or longer than 256 MiB, fails without being run.

Exit codes: 0 all inputs succeeded; 1 some failed, or the work could not go on;
2 the command is wrong, or the function cannot be loaded; 130 stopped by Ctrl-C.
A reader that has seen enough (| head) ends it quietly.

Examples
  seq 1000 | manyhands map ./square.js
  manyhands map ./thumbnail.ts#make --files 'photos/**/*.jpg' --timeout 30s
  manyhands map node:path#basename --input paths.txt --raw
`;
