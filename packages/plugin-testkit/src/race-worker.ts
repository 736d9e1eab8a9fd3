import { once } from "node:events";
import { writeSync } from "node:fs";
import type { FloePlugin } from "@floe/core/plugin";
import { call, eventOf, openBackend, providerOf } from "./backend-under-test.ts";
import type { RacerTask } from "./start-racer.ts";

// The program of a racing process: opens the backend, says "ready", waits for a line, and then claims one slot after the
// other. A slot that it has won is said at once, so that nothing is lost when it is killed.
const task = JSON.parse(process.argv[2] ?? "") as RacerTask;
const { default: plugin } = (await import(task.module)) as { readonly default: FloePlugin };
const backend = await openBackend(providerOf(plugin, task.id), task.config, task.baseDir);
const { chain, writer, slots } = task;

writeSync(1, "ready\n");
await once(process.stdin, "data");
for (let seq = (await backend.head(chain, call()))?.seq ?? 0; seq < slots; seq += 1) {
  const claim = await backend.claim(chain, seq, eventOf(writer, seq), call());
  if (claim.status === "claimed") writeSync(1, `${seq}\n`);
}
await backend[Symbol.asyncDispose]?.();
process.exit(0);
