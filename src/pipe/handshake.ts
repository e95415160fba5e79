/**
 * What two programs say to each other before the first message: that they speak the same protocol, and, when there is a key,
 * that both have it.
 *
 *     listener                                                               client
 *     mark (10) │ version (1) │ has a key (1) │ nonce L (32)           ──▶
 *              ◀──   mark (10) │ version (1) │ has a key (1) │ nonce C (32) │ HMAC("client", L, C) (32)
 *     verdict (1) │ HMAC("listener", L, C) (32)                        ──▶
 *              ◀──   verdict (1)
 *
 *  1. Every part has a fixed size, and no more than the next part is read: a stranger costs 76 bytes and a socket, and only
 *     until the time is over.
 *  2. HMAC is HMAC-SHA-256 under the key, of the role, L and C; without a key it is zeros. The nonces are random, so what was
 *     overheard proves nothing later; the role is in it, so nobody can be answered with their own words.
 *  3. The client proves first: who does not have the key learns nothing from a listener that they could guess keys with.
 *  4. The listener decides, and says why, so that both sides know; but a client with a key goes by the listener's proof alone.
 *  5. Either side may be killed anywhere: the other reads the end of the stream.
 *
 * The key proves who is there. It does not encrypt: what passes later can be read and changed by who controls the network.
 */
import type { Socket } from "node:net";
import { AuthenticationError, ClosedError } from "../errors.js";
import { crypto } from "../platform/crypto.js";
import { killPoint } from "../memory/kill-point.js";
import { readingExactly, type ExactReader } from "./exact-reader.js";

/** A secret that two programs share. */
export type AuthKey = string | Uint8Array;

const mark = Buffer.from("manyhands\0");
/** Of the handshake, the framing and the encoding of values: raised when any of them changes. */
const version = 1;
const nonceBytes = 32;
const proofBytes = 32;
const noProof = Buffer.alloc(proofBytes);

const verdicts = { welcome: 1, wrongKey: 2, needsKey: 3, hasNoKey: 4, otherVersion: 5, busy: 6 } as const;

interface Hello {
  readonly version: number;
  readonly hasKey: boolean;
  readonly nonce: Uint8Array;
}

/** A key as bytes. @throws TypeError when it is none; RangeError when it is empty, which everybody has. */
export function checkAuthKey(authKey: unknown, doing: string): Uint8Array | undefined {
  if (authKey === undefined) return undefined;
  if (typeof authKey !== "string" && !(authKey instanceof Uint8Array)) {
    throw new TypeError(`Cannot ${doing}: authKey must be text or a Uint8Array, not ${authKey === null ? "null" : typeof authKey}`);
  }
  // A copy: the caller may wipe its own.
  const bytes = typeof authKey === "string" ? Buffer.from(authKey) : Uint8Array.from(authKey);
  if (bytes.length === 0) throw new RangeError(`Cannot ${doing}: authKey is empty, so everybody has it`);
  return bytes;
}

/** The listener's side. Rejects with AuthenticationError when the client is not to be let in; then the client was told. */
export function welcomeClient(socket: Socket, key: Uint8Array | undefined, { isBusy }: { readonly isBusy: boolean }): Promise<void> {
  return readingExactly(socket, (reader) => welcome({ socket, reader, key }, isBusy));
}

/** The client's side. Rejects with AuthenticationError when the listener is not the right one, or lets nobody in without the key. */
export function greetListener(socket: Socket, key: Uint8Array | undefined): Promise<void> {
  return readingExactly(socket, (reader) => greet({ socket, reader, key }));
}

/** One side of a handshake. */
interface Side {
  readonly socket: Socket;
  readonly reader: ExactReader;
  readonly key: Uint8Array | undefined;
}

async function welcome({ socket, reader, key }: Side, isBusy: boolean): Promise<void> {
  const nonce = crypto().randomBytes(nonceBytes);
  socket.write(Buffer.concat([mark, Buffer.from([version, Number(key !== undefined)]), nonce]));
  killPoint("handshake.offered");
  const client = await readHello(reader, "accept a connection");
  const proof = client.version === version ? await reader.next(proofBytes) : noProof;
  const nonces = [nonce, client.nonce];
  const verdict = isBusy ? verdicts.busy : judge(client, { key, proof, nonces });
  if (verdict !== verdicts.welcome) {
    socket.end(Buffer.concat([Buffer.from([verdict]), noProof]));
    if (isBusy) throw new ClosedError("Cannot accept a connection: too many wait already");
    throw new AuthenticationError(`Cannot accept a connection: ${whyRefused(verdict, "client")}`);
  }
  socket.write(Buffer.concat([Buffer.from([verdict]), prove(key, "listener", nonces)]));
  killPoint("handshake.judged");
  const [answer] = await reader.next(1);
  if (answer !== verdicts.welcome) throw new AuthenticationError("Cannot accept a connection: the client has another authKey");
}

async function greet({ socket, reader, key }: Side): Promise<void> {
  const listener = await readHello(reader, "connect");
  const nonce = crypto().randomBytes(nonceBytes);
  const nonces = [listener.nonce, nonce];
  socket.write(Buffer.concat([mark, Buffer.from([version, Number(key !== undefined)]), nonce, prove(key, "client", nonces)]));
  killPoint("handshake.proved");
  const [verdict] = await reader.next(1);
  if (verdict !== verdicts.welcome) refuseListener(verdict);
  const proof = await reader.next(proofBytes);
  if (key !== undefined && !(listener.hasKey && crypto().timingSafeEqual(proof, prove(key, "listener", nonces)))) {
    socket.end(Buffer.from([verdicts.wrongKey]));
    throw new AuthenticationError("Cannot connect: the listener could not prove that it has the authKey");
  }
  killPoint("handshake.convinced");
  socket.write(Buffer.from([verdicts.welcome]));
}

function refuseListener(verdict: number | undefined): never {
  if (verdict === verdicts.busy)
    throw new ClosedError("Cannot connect: more programs wait than the listener's backlog allows; try again later");
  throw new AuthenticationError(`Cannot connect: ${whyRefused(verdict, "listener")}`);
}

function judge(
  client: Hello,
  { key, proof, nonces }: { readonly key: Uint8Array | undefined; readonly proof: Uint8Array; readonly nonces: readonly Uint8Array[] },
): number {
  if (client.version !== version) return verdicts.otherVersion;
  if (key === undefined) return client.hasKey ? verdicts.hasNoKey : verdicts.welcome;
  if (!client.hasKey) return verdicts.needsKey;
  return crypto().timingSafeEqual(proof, prove(key, "client", nonces)) ? verdicts.welcome : verdicts.wrongKey;
}

function whyRefused(verdict: number | undefined, peer: "listener" | "client"): string {
  switch (verdict) {
    case verdicts.wrongKey:
      return `the ${peer} has another authKey`;
    case verdicts.needsKey:
      return peer === "listener" ? "the listener has an authKey, and none was given here" : "the client gave no authKey";
    case verdicts.hasNoKey:
      return peer === "listener"
        ? "the listener has no authKey, so it cannot prove who it is"
        : "the client wants an authKey proved, and none was given here";
    case verdicts.otherVersion:
      return `the ${peer} speaks another version of the protocol; use the same version of manyhands on both sides`;
    default:
      return `the ${peer} does not speak the protocol of manyhands`;
  }
}

function prove(key: Uint8Array | undefined, role: "listener" | "client", nonces: readonly Uint8Array[]): Buffer {
  if (key === undefined) return noProof;
  const hmac = crypto().createHmac("sha256", key).update(mark).update(role);
  for (const nonce of nonces) hmac.update(nonce);
  return hmac.digest();
}

async function readHello(reader: ExactReader, doing: string): Promise<Hello> {
  // The mark alone first: whoever speaks something else may never send as much as a hello has.
  const start = await reader.next(mark.length);
  if (!mark.equals(start)) throw new AuthenticationError(`Cannot ${doing}: the other side does not speak the protocol of manyhands`);
  const rest = await reader.next(2 + nonceBytes);
  return { version: rest[0] ?? 0, hasKey: rest[1] === 1, nonce: rest.subarray(2) };
}
