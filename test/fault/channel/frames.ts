/** Frames that are numbered, for the fault tests of channels. */
import { pays } from "#lib/channel/switching.js";
import type { Frame } from "#lib/wire/frames.js";

const lastNumber = 0xffff_ffff;
/** So many small frames are more than a ring holds. */
export const flood = 100;
const smallBytes = 2_000;
const largeBytes = 300_000;

/** Rings are offered sooner than they pay, or after the first large frame. */
export function paySoon(): void {
  Object.assign(pays, { frames: 20, bytes: Infinity, largeBytes });
}

/** `hasLarge`: every seventh is so large that it waits for the rings. */
export function makeFrame(number: number, hasLarge: boolean): Frame {
  const body = new Uint8Array(smallBytes);
  new DataView(body.buffer).setUint32(0, number);
  const isLarge = hasLarge && number % 7 === 6;
  return { body, attachments: isLarge ? [new Uint8Array(largeBytes).fill(number)] : [] };
}

export function numberOf({ body, attachments }: Frame): number {
  const number = new DataView(body.buffer, body.byteOffset).getUint32(0);
  for (const attachment of attachments) {
    if (attachment.length !== largeBytes || attachment.some((byte) => byte !== (number & 255)))
      throw new Error(`frame ${number} is damaged`);
  }
  return number;
}

/** Asks the peer to send more than a ring holds. */
export function floodFrame(): Frame {
  return makeFrame(lastNumber, false);
}

export function isFlood(frame: Frame): boolean {
  return numberOf(frame) === lastNumber;
}
