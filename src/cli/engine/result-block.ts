/** The outcome of consecutive inputs. */
export interface ResultBlock {
  /** The first input's place among all, from 0. */
  readonly firstIndex: number;
  /** How many inputs it covers. */
  readonly inputs: number;
  /** The lines of those that succeeded, each with its end. */
  readonly text: string;
  readonly failures: readonly InputFailure[];
}

export interface InputFailure {
  /** The input's place among all, from 0. */
  readonly index: number;
  /** How messages name it: `line 3 "abc"`, or a file's name. */
  readonly name: string;
  /** `TypeError: boom`, one line. */
  readonly error: string;
}
