/**
 * The door to the operating system's own functions: the one place that loads the FFI, lazily and once per isolate.
 * Whoever needs mapped memory asks `native()`; a program that never does never pays for it.
 */
import { createRequire } from "node:module";
import { UnsupportedError } from "../errors.js";
import { ownPath } from "./own-path.js";
import { unstopped } from "./stop-gate.js";
import { bindLinux, type Ffi } from "./linux.js";
import type { Native } from "./system-calls.js";

export type { Mapping, Native, WaitResult } from "./system-calls.js";

let loaded: Native | undefined;
let refusal: UnsupportedError | undefined;

/**
 * The native functions of this platform, loaded at the first call.
 *
 * @throws UnsupportedError where the operating system or its FFI binary is missing; the message says which.
 */
export function native(): Native {
  if (loaded !== undefined) return loaded;
  if (refusal !== undefined) throw refusal;
  try {
    loaded = unstopped(load);
    return loaded;
  } catch (error) {
    refusal = error instanceof UnsupportedError ? error : missingFfi(error);
    throw refusal;
  }
}

/** Whether `native()` works here. */
export function hasNative(): boolean {
  if (refusal !== undefined) return false;
  try {
    native();
    return true;
  } catch {
    return false;
  }
}

/** Set to 1, it makes this program do without native functions: to see what a machine without them would do. */
export const refusalVariable = "MANYHANDS_NO_NATIVE";

function load(): Native {
  if (process.env[refusalVariable] === "1") {
    throw new UnsupportedError(
      `Cannot share memory between processes: ${refusalVariable}=1 is set, so the package "koffi" is not loaded. ` +
        `Worker threads ("manyhands/threads") share memory all the same.`,
    );
  }
  if (process.platform !== "linux") {
    throw new UnsupportedError(
      `Cannot share memory between processes: it needs Linux, and this is ${process.platform}. ` +
        `Worker threads ("manyhands/threads") share memory on every platform.`,
    );
  }
  const ffi = createRequire(ownPath())("koffi") as Ffi;
  return bindLinux(ffi, process.arch);
}

function missingFfi(cause: unknown): UnsupportedError {
  return new UnsupportedError(
    `Cannot share memory between processes: the package "koffi" or its binary for ${process.platform}-${process.arch} is missing. ` +
      `Install without --omit=optional, and keep "koffi" outside bundles. Worker threads ("manyhands/threads") share memory all the same.`,
    { cause },
  );
}
