#!/usr/bin/env node
// Checked before anything else is loaded: on an older Node.js native modules crash without a message.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `floe needs Node.js 24.15 or newer and runs on ${process.versions.node}: install a newer one, or use the one of this checkout (npx pnpm@12 exec node apps/cli/bin/run.js).\n`,
  );
  process.exit(2);
}
// oclif checks the version as well, and loads 45 modules for it.
process.env.OCLIF_DISABLE_ENGINE_WARNING ??= "1";
// In the user's own folder: in the shared temporary one somebody else could have put the compiled code.
const { XDG_CACHE_HOME: cache, HOME: home } = process.env;
if (cache || home) {
  process
    .getBuiltinModule("node:module")
    .enableCompileCache(`${cache || `${home}/.cache`}/floe/compiled`);
}
const { start } = await import("../dist/start.js");
// Not awaited: oclif waits for standard output to drain, which never happens once its reader (`| head`) is gone.
void start(import.meta.url);
