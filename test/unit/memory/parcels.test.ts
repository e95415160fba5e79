import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Extents } from "#lib/memory/extents.js";
import { membership } from "#lib/memory/membership.js";
import { parcelInbox } from "#lib/memory/parcel-inbox.js";
import { keepPacked, letGoOfPacked, pack, packedIn, packingMemory } from "#lib/memory/parcel-stock.js";
import type { Packed, Waybill } from "#lib/memory/parcel.js";

const megabyte = 1 << 20;
const extents = new Extents(9999);

function packedBytes(sizeBytes: number, value: number): { readonly bytes: Uint8Array; readonly packed: Packed } {
  const bytes = pack(sizeBytes);
  const packed = bytes && packedIn(bytes);
  assert.ok(bytes !== undefined && packed !== undefined, "there was no parcel");
  return { bytes: bytes.fill(value), packed };
}

function send(packed: Packed, number: number): Waybill {
  return packed.parcel.send(packed, extents.pathOf(number));
}

function claim(waybill: Waybill, number: number): ReturnType<ReturnType<typeof parcelInbox>["claim"]> {
  const claimed = parcelInbox().claim(waybill, () => extents.file(number));
  extents.removeName(number);
  return claimed;
}

function parcelFiles(): string[] {
  return readdirSync(membership().session.folder).filter((name) => name.startsWith("parcel-"));
}

test("only large parts are packed", () => {
  assert.equal(packedIn(packingMemory(megabyte - 1)), undefined);
  assert.ok(packedIn(packingMemory(megabyte)) !== undefined);
});

test("what was packed arrives, and the parcel is used again once it is home", () => {
  const first = packedBytes(3 * megabyte, 1);
  const waybill = send(first.packed, 1);
  assert.equal(first.packed.parcel.isFree, false);
  const other = packedBytes(3 * megabyte, 2);
  assert.notEqual(other.packed.parcel, first.packed.parcel);
  const claimed = claim(waybill, 1);
  assert.ok(claimed !== undefined);
  assert.ok(claimed.contents(3 * megabyte).every((byte) => byte === 1));
  assert.equal(first.packed.parcel.isFree, false);
  claimed.giveBack();
  assert.equal(first.packed.parcel.isFree, true);
  const again = packedBytes(3 * megabyte, 3);
  assert.equal(again.packed.parcel, first.packed.parcel);
  const next = send(again.packed, 2);
  assert.equal(claim(waybill, 2), undefined, "a waybill of an earlier flight was taken");
  assert.ok(
    claim(next, 2)
      ?.contents(3 * megabyte)
      .every((byte) => byte === 3),
  );
});

test("a message that is kept can be sent again when it has arrived, and while somebody reads it, until it is let go", () => {
  const { bytes, packed } = packedBytes(7 * megabyte, 9);
  const message = { attachments: [bytes] };
  keepPacked(message);
  const arrived = claim(send(packed, 7), 7);
  arrived?.giveBack();
  assert.equal(packed.parcel.isFree, false);
  const reading = claim(send(packed, 8), 8);
  assert.ok(reading !== undefined);
  const waybill = send(packed, 9);
  // This is of no use any more, and takes the message from nobody.
  reading.giveBack();
  const again = claim(waybill, 9);
  assert.ok(again !== undefined);
  assert.ok(again.contents(7 * megabyte).every((byte) => byte === 9));
  letGoOfPacked(message);
  assert.equal(packed.parcel.isFree, false);
  again.giveBack();
  assert.equal(packed.parcel.isFree, true);
});

test("a parcel is claimed once", () => {
  const { packed } = packedBytes(megabyte, 1);
  const waybill = send(packed, 3);
  assert.ok(claim(waybill, 3) !== undefined);
  assert.equal(claim(waybill, 3), undefined);
});

test("a message that was not read can be sent again; one that has arrived cannot, once its parcel is used for another", () => {
  const { packed } = packedBytes(5 * megabyte, 7);
  const lost = send(packed, 4);
  const waybill = send(packed, 5);
  assert.equal(claim(lost, 4), undefined);
  const claimed = claim(waybill, 5);
  assert.ok(claimed !== undefined);
  assert.ok(claimed.contents(5 * megabyte).every((byte) => byte === 7));
  claimed.giveBack();
  packedBytes(5 * megabyte, 8);
  assert.throws(() => send(packed, 6), { code: "ERR_STATE" });
});

test("a parcel whose message is lost is taken back when nobody can send it again, not before", () => {
  const { packed } = packedBytes(7 * megabyte, 1);
  const { parcel } = packed;
  send(packed, 7);
  parcel.recover(() => true);
  assert.equal(parcel.isFree, false, "it was taken back though it is on its way");
  extents.removeName(7);
  parcel.recover(() => true);
  assert.equal(parcel.isFree, false, "it was taken back though it may be sent again");
  parcel.forget(packed);
  parcel.recover(() => true);
  assert.equal(parcel.isFree, true);
});

test("a parcel that somebody has claimed is taken back when that one is gone", () => {
  const { packed } = packedBytes(9 * megabyte, 1);
  const { parcel } = packed;
  assert.ok(claim(send(packed, 8), 8) !== undefined);
  parcel.forget(packed);
  parcel.recover(() => false);
  assert.equal(parcel.isFree, false);
  parcel.recover(() => true);
  assert.equal(parcel.isFree, true);
});

test("a thread has no more than 256 MiB of parcels and one, whoever holds them; those that are free make room", () => {
  const held = [];
  for (let part = pack(60 * megabyte); part !== undefined; part = pack(60 * megabyte)) held.push(part);
  assert.ok(held.length >= 1 && held.length <= 4, `${held.length} parcels`);
  assert.equal(packedIn(packingMemory(100 * megabyte)), undefined);
  for (const part of held) {
    const packed = packedIn(part);
    packed?.parcel.forget(packed);
  }
  assert.ok(pack(100 * megabyte) !== undefined);
});

test("parcels that nobody uses go", async () => {
  const { packed } = packedBytes(11 * megabyte, 1);
  packed.parcel.forget(packed);
  const before = parcelFiles().length;
  const deadline = Date.now() + 60_000;
  while (parcelFiles().length >= before) {
    assert.ok(Date.now() < deadline, "they did not go");
    await turn();
  }
  assert.equal(existsSync(extents.pathOf(1)), false);
});
