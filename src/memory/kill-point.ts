/**
 * Marks an instruction at which a process may be killed and everything must recover.
 * Does nothing, and costs nothing once compiled; the fault tests load another module in its place, which kills.
 */
export function killPoint(_name: string): void {}
