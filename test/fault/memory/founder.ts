/** A program that founds a session of its own. */
import { writeSync } from "node:fs";
import { Block } from "#lib/memory/block.js";
import { session } from "#lib/memory/session.js";

writeSync(1, `${session().folder}\n`);
Block.allocate(64).release();
