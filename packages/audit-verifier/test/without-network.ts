// Loaded before a program that must not reach anything: whatever of Node.js could open a connection, start a process or run
// code from elsewhere cannot be imported, and the globals that need no import are gone.
import { registerHooks } from "node:module";

const ALLOWED = new Set(["node:crypto", "node:fs", "node:util"]);

registerHooks({
  resolve(specifier, context, next) {
    const isFile = /^(?:\.|\/|file:)/.test(specifier);
    if (!isFile && !ALLOWED.has(specifier)) throw new Error(`${specifier} is taken away`);
    return next(specifier, context);
  },
});
for (const name of ["fetch", "WebSocket", "EventSource", "XMLHttpRequest", "Worker"])
  Object.defineProperty(globalThis, name, {
    get: () => {
      throw new Error(`${name} is taken away`);
    },
  });
process.getBuiltinModule = (name: string) => {
  throw new Error(`${name} is taken away`);
};
