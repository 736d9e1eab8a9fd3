/** Says where a run happens, so that another run on the same machine can prove it dead. */
export interface RunIdentity {
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly pid: number;
  /** Start time of the process in the kernel's ticks, so that a reused pid is not mistaken for the run. */
  readonly processStart: string;
}

/** What core needs to know of the machine. */
export interface Host {
  self(): RunIdentity;
  /** `dead` only when it is proven on this very machine; `unknown` for another machine, boot or namespace. */
  stateOf(run: RunIdentity): "alive" | "dead" | "unknown";
  /** Random bytes, for identifiers. */
  randomBytes(count: number): Uint8Array;
}
