/** What the processes of the fault tests of pipes do: `actor.js ACTION ARGUMENT`. */
import { writeSync } from "node:fs";
import type { Connection } from "#lib/pipe/connection.js";
import { fromHandle } from "#lib/pipe/pipe-end.js";
import { sizeOfFill } from "./sizes.js";

interface Given {
  readonly connection: unknown;
  /** After so many messages it closes its end. */
  readonly count: number;
}

const [, , action, argument = "null"] = process.argv;
const actions: Readonly<Record<string, (connection: Connection<Uint8Array>, given: Given) => Promise<void>>> = {
  /** Sends back what it receives, now blocking, now not. */
  async echo(connection, { count }) {
    writeSync(1, "ready\n");
    for (let message = 0; message < count; message++) {
      try {
        if (message % 2 === 0) connection.sendSync(connection.recvSync());
        else await connection.send(await connection.recv());
      } catch (error) {
        if (isEnd(error)) break;
        throw error;
      }
    }
    connection.close();
  },
  /** Sends messages of all sizes without waiting for anybody, until there is no room. */
  async fill(connection, { count }) {
    writeSync(1, "ready\n");
    for (let message = 0; message < count; message++) await connection.send(new Uint8Array(sizeOfFill(message)).fill(message));
    connection.close();
  },
};

const given: Given = JSON.parse(argument);
const run = actions[action ?? ""];
if (run === undefined) throw new Error(`unknown action ${action}`);
await run(fromHandle(given.connection) as Connection<Uint8Array>, given);

function isEnd(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ERR_END_OF_FILE" || error.code === "ERR_CLOSED");
}
