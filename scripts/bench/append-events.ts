import { dirname } from "node:path";
import type { Floe } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import { createBufferedLayout } from "./buffered-layout.ts";
import { openFloe } from "./open-floe.ts";

/**
 * Locks and unlocks environments of an embedded registry in turn until that many events are appended, each signed and
 * linked as the command line does it. Within this process, and written at the end: as commands they take hours.
 */
export async function appendEvents(
  manifestPath: string,
  environments: readonly string[],
  events: number,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await loadManifest(manifestPath, {
    ...{ signal, cwd: dirname(manifestPath), env: {} },
  });
  const layout = createBufferedLayout(manifest.registry.uri.slice("oci-layout:".length));
  await using floe = await openFloe(manifestPath, { signal, store: layout.store });
  for (let index = 0; index < events; index += 1) {
    const environment = environments[index % environments.length];
    if (environment === undefined) throw new Error("there is no environment");
    await appendEvent(floe, environment, Math.floor(index / environments.length), signal);
  }
  await layout.flush();
}

/** Appends one event: locks an environment, or unlocks it, by whether the number is even. */
export async function appendEvent(
  floe: Floe,
  environment: string,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const request = { environment, reason: `bench ${number}` };
  const outcome = await (number % 2 === 0
    ? floe.lock(request, { signal })
    : floe.unlock(request, { signal }));
  if (outcome.kind !== "done") throw new Error(`event ${number} was refused`);
}
