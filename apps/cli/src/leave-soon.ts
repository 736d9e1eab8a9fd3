/** How long what is left after a command may keep the process, with its result printed by then. */
const LEFTOVERS_MS = 500;

/** Ends the process soon: a gate plugin may leave timers or sockets behind, also one that was given up; nobody waits for those. */
export function leaveSoon(): void {
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
}
