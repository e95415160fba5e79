/** Programs of sessions of their own, which share memory by name: `actor.js ACTION NAME [NUMBER]`. Each says "ready" when it has begun. */
import { writeSync } from "node:fs";
import { Process, ShareableList, SharedMemory } from "manyhands";

const [, , action = "", name = "", number = "0"] = process.argv;
const actions: Readonly<Record<string, () => void | Promise<void>>> = {
  create() {
    SharedMemory.create({ name, size: 10 }).bytes[0] = 7;
  },
  createToStay() {
    SharedMemory.create({ name, size: 10, persist: true }).bytes[0] = 7;
  },
  async createInChild() {
    const child = new Process((chosen: string) => void SharedMemory.create({ name: chosen, size: 10 }), [name]).start();
    if ((await child.join()) !== 0) throw new Error("the child failed");
    SharedMemory.attach(name);
  },
  createAndStay() {
    SharedMemory.create({ name, size: 10 }).bytes[0] = 7;
    setInterval(() => {}, 1000);
  },
  attach() {
    using memory = SharedMemory.attach(name);
    memory.bytes[1] = 8;
  },
  attachAndStay() {
    SharedMemory.attach(name).bytes[2] = 9;
    setInterval(() => {}, 1000);
  },
  unlink() {
    SharedMemory.attach(name).unlink();
  },
  /** Shares something, as any program that starts may. */
  begin() {
    SharedMemory.create({ size: 1 });
  },
  writeList() {
    ShareableList.attach(name).set(0, "new item");
  },
  /** Writes text of one letter into the item, of as many bytes as the item has room for, again and again. */
  writeLetters() {
    const list = ShareableList.attach(name);
    const texts = ["a", "b", "c"].map((letter, index) => (letter + number).repeat(10 + index * 15));
    for (let round = 0; ; round++) list.set(0, texts[round % texts.length] ?? "");
  },
};

const act = actions[action];
if (act === undefined) throw new Error(`unknown action ${action}`);
if (action === "writeLetters") writeSync(1, "ready\n");
await act();
writeSync(1, "ready\n");
