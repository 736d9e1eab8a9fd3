import { Worker } from "node:worker_threads";

/** How long somebody else's code may keep the process to itself. Seconds; shorter than any gate may be allowed. */
const LIMIT_SECONDS = 30;

// Counts, once a second, how long the other thread has not counted. Both stand still when the machine sleeps.
const WATCH = `
const { workerData } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const beats = new Int32Array(workerData.beats);
let last = -1;
let still = 0;
setInterval(() => {
  const now = Atomics.load(beats, 0);
  still = now === last ? still + 1 : 0;
  last = now;
  if (still < workerData.limit) return;
  writeSync(2, workerData.message + "\\n");
  process.kill(process.pid, "SIGKILL");
}, 1000);
`;

let watching = false;

/**
 * Ends the process when code of a plugin does not give control back, such as a loop without an end: no time limit could
 * end that from inside. Gates run before anything is written; a store of ledgers may have been in the middle of it, which is
 * as if the process had been killed there. Once for a process.
 */
export function watchLoop(): void {
  if (watching) return;
  watching = true;
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const counter = new Int32Array(beats);
  setInterval(() => Atomics.add(counter, 0, 1), 500).unref();
  const message = `error FLOE_GATE_ERROR: a plugin has kept floe busy for ${LIMIT_SECONDS} s without giving control back, and floe ends here\n  → See which plugins are used (floe gate list), and take the one that does it out of the manifest. Then run the same command again: where something was begun, it is finished.`;
  const workerData = { beats, limit: LIMIT_SECONDS, message };
  new Worker(WATCH, { eval: true, workerData }).unref();
}
