/** What the programs of the tests of connections do: `program.js ACTION ARGUMENT`. They end with their standard input, at the latest. */
import { writeSync } from "node:fs";
import { Client, Listener, SharedMemory, type Address, type Connection } from "manyhands";

interface Given {
  readonly address?: Address;
  readonly authKey?: string;
  readonly count?: number;
  readonly sizeBytes?: number;
  readonly name?: string;
}

const [, , action = "", argument = "{}"] = process.argv;
const given: Given = JSON.parse(argument);
const key = given.authKey === undefined ? {} : { authKey: given.authKey };

const actions: Readonly<Record<string, () => Promise<void>>> = {
  /** Listens, and sends back what any client sends. */
  async echo() {
    const listener = await Listener.listen(given.address, key);
    say({ address: listener.address });
    for await (const connection of listener) void sendBack(connection);
  },
  /** Listens until it is told how to end. */
  async "listen and end"() {
    const listener = await Listener.listen(given.address, key);
    say({ address: listener.address });
    const how = String(await new Promise((resolve) => process.stdin.once("data", resolve))).trim();
    process.stdin.removeAllListeners("end");
    if (how === "close") listener.close();
    if (how === "exit") process.exit(3);
    if (how === "throw") throw new Error("on purpose");
    process.stdin.destroy();
  },
  /** Connects, sends numbered messages, and stays until the other side has closed. */
  async count() {
    using connection = await Client<number>(address(), key);
    for (let number = 0; number < (given.count ?? 0); number++) await connection.send(number);
    say("sent");
    await connection.poll({ timeout: Infinity });
  },
  /** Connects, and sends back what comes. */
  async "client echo"() {
    await sendBack(await Client(address(), key));
    say("done");
  },
  /** Connects, and sends messages of a size until the other side is gone. */
  async flood() {
    const connection = await Client<Uint8Array>(address(), key);
    for (let number = 0; number < (given.count ?? 1); number++) await connection.send(new Uint8Array(given.sizeBytes ?? 0).fill(number));
    say("sent");
    connection.close();
  },
  /** Connects, and says what became of it. */
  async try() {
    try {
      const connection = await Client(address(), key);
      say({ connected: true });
      connection.close();
    } catch (error) {
      say({ code: (error as { code?: string }).code });
    }
  },
  /** Accepts once, and says what became of it. */
  async accept() {
    using listener = await Listener.listen(given.address, key);
    say({ address: listener.address });
    try {
      const connection = await listener.accept();
      say({ accepted: true });
      connection.close();
    } catch (error) {
      say({ code: (error as { code?: string }).code });
    }
  },
  /** Listens at a path if it may, says so, and stays. */
  async race() {
    try {
      const listener = await Listener.listen(given.address);
      say({ listens: true });
      process.stdin.resume();
      await listener.accept().catch(() => {});
    } catch (error) {
      say({ listens: false, code: (error as { code?: string }).code });
    }
  },
  /** Sends shared memory to whoever listens, and looks what was written there. */
  async "share memory"() {
    using connection = await Client(address(), key);
    using memory = SharedMemory.create({ size: 16 });
    await connection.send(memory);
    await connection.recv();
    say({ written: memory.bytes[3] });
    memory.unlink();
  },
};

async function sendBack(connection: Connection): Promise<void> {
  for await (const value of connection) await connection.send(value);
  connection.close();
}

function address(): Address {
  if (given.address === undefined) throw new Error("there is no address");
  return given.address;
}

function say(what: unknown): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

process.stdin.once("end", () => process.exit(9));
if (action !== "listen and end") {
  process.stdin.resume();
  // A pipe: it does not keep the program alive.
  (process.stdin as unknown as { unref(): void }).unref();
}
await actions[action]?.();
