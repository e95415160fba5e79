import type { ResultBlock } from "./result-block.js";

/** Where finished blocks wait until it is their turn: in input order, or as they come. */
export interface ResultOrder {
  add(block: ResultBlock): void;
  /** The next block whose turn it is. */
  next(): ResultBlock | undefined;
  /** So much waits for its turn that no more should be started. */
  readonly isFull: boolean;
}

export class InputOrder implements ResultOrder {
  readonly #waiting = new Map<number, ResultBlock>();
  #characters = 0;
  #nextIndex = 0;

  add(block: ResultBlock): void {
    if (block.inputs === 0) return;
    this.#waiting.set(block.firstIndex, block);
    this.#characters += block.text.length;
  }

  next(): ResultBlock | undefined {
    const block = this.#waiting.get(this.#nextIndex);
    if (block === undefined) return undefined;
    this.#waiting.delete(this.#nextIndex);
    this.#characters -= block.text.length;
    this.#nextIndex += block.inputs;
    return block;
  }

  get isFull(): boolean {
    return this.#waiting.size >= maxWaitingBlocks || this.#characters >= maxWaitingCharacters;
  }
}

export class CompletionOrder implements ResultOrder {
  #finished: ResultBlock[] = [];

  add(block: ResultBlock): void {
    if (block.inputs > 0) this.#finished.push(block);
  }

  next(): ResultBlock | undefined {
    return this.#finished.shift();
  }

  get isFull(): boolean {
    return false;
  }
}

/** How far the others may run ahead of one slow input before they wait for it. */
const maxWaitingBlocks = 4096;
const maxWaitingCharacters = 16 * 1024 * 1024;
