/** What this operating system's sockets can do. */

/** Whether a socket can have a name that is no file: one that begins with NUL, and is gone with its last holder. */
export const hasAbstractSockets: boolean = process.platform === "linux";

/** The longest path of a socket, in bytes: the kernel's `sun_path`, less its closing NUL. */
export const longestSocketPathBytes: number = process.platform === "linux" ? 107 : 103;
