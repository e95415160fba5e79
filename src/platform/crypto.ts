/** Node's cryptography, loaded when it is first asked for: few programs need it, and it takes as long to load as all else from Node. */
import type * as Crypto from "node:crypto";

export function crypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}
