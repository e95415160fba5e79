/** A service and its client: two programs that share nothing but an address and a key. This one starts the other. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client, Listener } from "manyhands";

const authKey = "in earnest, read it from a file that only you can read";
const [, , address] = process.argv;

async function serve(): Promise<void> {
  using listener = await Listener.listen<string>(undefined, { authKey });
  const program = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), listener.address as string], {
    stdio: "inherit",
  });

  using client = await listener.accept();
  for await (const word of client) await client.send(word.toUpperCase());

  await once(program, "exit");
  console.log("The client has left.");
}

async function ask(service: string): Promise<void> {
  using connection = await Client<string>(service, { authKey });
  for (const word of ["many", "hands"]) {
    await connection.send(word);
    console.log(await connection.recv());
  }
}

await (address === undefined ? serve() : ask(address));

// Prints:
// MANY
// HANDS
// The client has left.
