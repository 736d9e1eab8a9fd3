/** One step of long work, for people who watch. */
export interface ProgressEvent {
  /** What it is about: `gate tests`, `ledger prod`. */
  readonly scope: string;
  readonly phase: "start" | "update" | "done" | "failed";
  readonly message: string;
}

/** Where core says what it does. Core itself never prints. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  progress(event: ProgressEvent): void;
  /** What a gate's command prints, masked, as it comes: for a log file. */
  gateOutput?(gate: string, text: string): void;
}
