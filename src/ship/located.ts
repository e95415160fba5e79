/** A function and all that is known of its place. */
import type { Sight } from "./inspector-session.js";
import type { FunctionNode, Script } from "./script.js";

export interface Located {
  readonly fn: Function;
  readonly sight: Sight;
  readonly script: Script;
  readonly node: FunctionNode;
}
