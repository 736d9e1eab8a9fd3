import { app } from "./artifact.mjs";

if (app.debug) {
  console.error(`${app.service} has debug switched on`);
  process.exitCode = 1;
}
