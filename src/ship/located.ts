/** A function and all that is known of its place. */
import type { Sight } from "./sight.js";
import type { FunctionNode, Script } from "./script.js";

export interface FunctionPlace {
  readonly fn: Function;
  readonly node: FunctionNode;
}

export interface Located extends FunctionPlace {
  readonly sight: Sight;
  readonly script: Script;
}
