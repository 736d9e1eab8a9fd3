type Write = typeof process.stdout.write;

let own: Write | null = null;

/**
 * Keeps standard output for floe's result: whatever else is written there from now on, such as a plugin's `console.log`, goes
 * to standard error. Once for a process.
 */
export function reserveOutput(): void {
  if (own) return;
  own = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr) as Write;
}

/** Writes to standard output, also when it is reserved. */
export function writeOutput(
  chunk: string | Uint8Array,
  done: (error?: Error | null) => void,
): void {
  if (own) own(chunk, done);
  else process.stdout.write(chunk, done);
}
