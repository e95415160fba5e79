/** Loaded with `--import` into a process that is to die: puts `armed-kill-point.js` in the place of the library's `kill-point.js`. */
import { register } from "node:module";

register(new URL("./kill-point-hooks.js", import.meta.url));
