// Loaded by `node --import` before floe: both outputs look like a terminal then, as far as a program can ask.
for (const stream of [process.stdout, process.stderr]) {
  Object.defineProperty(stream, "isTTY", { value: true, configurable: true });
  Object.defineProperty(stream, "columns", { value: 100, configurable: true });
  Object.defineProperty(stream, "getWindowSize", { value: () => [100, 40], configurable: true });
}
