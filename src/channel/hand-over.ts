/** What the two sides of a `SwitchingChannel` say to one another on its stream. `switching.ts` draws the conversation. */
import { DecodeError } from "../errors.js";
import type { RingOffer } from "./ring-traffic.js";

export type Word =
  | { readonly kind: "want" | "refuse" | "ring" | "stream" }
  | ({ readonly kind: "offer" } & RingOffer)
  | { readonly kind: "accept"; readonly bell: number };

export function writeWord(word: Word): string {
  return JSON.stringify(word);
}

/** @throws DecodeError when it is no word. */
export function readWord(text: string): Word {
  const { kind, bell, rings } = fieldsOf(text);
  if (kind === "want" || kind === "refuse" || kind === "ring" || kind === "stream") return { kind };
  if (kind === "accept" && isBell(bell)) return { kind, bell };
  if (kind === "offer" && isBell(bell)) return { kind, bell, rings };
  throw new DecodeError("Cannot read a word of the channel: it is malformed");
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch (cause) {
    throw new DecodeError("Cannot read a word of the channel: it is not JSON", { cause });
  }
}

function isBell(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
