/** The function to map: which module, and which of its exports. Plain data, so that workers load it and the host never does. */
export interface TargetReference {
  /** A URL (`file:`, `node:`), or a package's name, to be resolved from `folder`. */
  readonly module: string;
  /** `default`, a name, or a path of names with dots. */
  readonly exportName: string;
  /** The folder the user is in. */
  readonly folder: string;
  /** Where to find tsx, which then translates the module; `undefined` to leave it to Node. */
  readonly tsxFolder: string | undefined;
  /** As the user wrote it, for messages. */
  readonly written: string;
}

/** What became of loading it in a worker. */
export type LoadReport = { readonly isLoaded: true } | LoadFailure;

export interface LoadFailure {
  readonly isLoaded: false;
  /** What is wrong, a whole sentence. */
  readonly message: string;
  /** Node's code of the error that stopped the module, such as ERR_UNKNOWN_FILE_EXTENSION. */
  readonly code: string | undefined;
}
