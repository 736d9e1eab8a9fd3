const METHODS = ["debug", "error", "info", "log", "trace", "warn"];

/**
 * Runs something while nobody may write to the terminal, and returns what was written all the same. For one test at a
 * time: the process has only one terminal.
 */
export async function withoutOutput<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly written: readonly string[] }> {
  const written: string[] = [];
  const note = (...words: unknown[]): void => {
    written.push(words.map(String).join(" "));
  };
  const write = (chunk: string | Uint8Array): boolean => {
    note(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    return true;
  };
  const restore = [
    replaceMember(process.stdout, "write", write),
    replaceMember(process.stderr, "write", write),
    // The console is watched as well: test runners put their own in its place, which does not reach the streams.
    ...METHODS.map((name) => replaceMember(console, name, note)),
  ];
  try {
    return { result: await work(), written };
  } finally {
    for (const undo of restore) undo();
  }
}

function replaceMember(target: object, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}
