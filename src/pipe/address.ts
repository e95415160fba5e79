/** Where a listener is. */

/** The host and port of a listener on the network; port 0 is any that is free. */
export interface NetworkAddress {
  /** A name or an address; by default `"127.0.0.1"`, which only programs on the same machine reach. */
  readonly host?: string | undefined;
  readonly port: number;
}

/** The path of a socket file, a name that begins with `"\0"` (Linux: no file, and open to every user), or host and port. */
export type Address = string | NetworkAddress;

const defaultHost = "127.0.0.1";
const highestPort = 65_535;

/** A checked address, with its host. @throws TypeError | RangeError when it is none. */
export function checkAddress(address: unknown, doing: string): string | Required<NetworkAddress> {
  if (typeof address === "string") {
    if (address === "" || address === "\0") throw new RangeError(`Cannot ${doing}: the path is empty`);
    if (address.includes("\0", 1)) throw new RangeError(`Cannot ${doing}: the path has a NUL in it`);
    return address;
  }
  if (typeof address !== "object" || address === null || !("port" in address)) {
    throw new TypeError(`Cannot ${doing}: the address must be a path, or an object with a port and a host`);
  }
  const { host = defaultHost, port } = address as { readonly host?: unknown; readonly port: unknown };
  if (typeof host !== "string" || typeof port !== "number") {
    throw new TypeError(`Cannot ${doing}: the port must be a number, and the host text`);
  }
  if (!Number.isInteger(port) || port < 0 || port > highestPort) {
    throw new RangeError(`Cannot ${doing}: the port ${port} is not a whole number from 0 to ${highestPort}`);
  }
  return { host, port };
}

/** An address for messages. */
export function describeAddress(address: string | Required<NetworkAddress>): string {
  return typeof address === "string" ? JSON.stringify(address) : `${address.host} port ${address.port}`;
}
