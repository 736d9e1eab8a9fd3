import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { LedgerView } from "./read-view.ts";

/** @throws {FloeError} FLOE_LEDGER_ELSEWHERE - the ledger goes on in another place */
export function assertNotMoved(
  { name }: EnvironmentConfig,
  { state }: Pick<LedgerView, "state">,
): void {
  const { moved } = state;
  if (!moved) return;
  throw new FloeError({
    code: "FLOE_LEDGER_ELSEWHERE",
    message: `the ledger of ${name} was moved to ${moved.backend} (${moved.location}) by ${moved.by} at ${moved.at}`,
    hint: "Use the manifest that names that place. If floe audit move was interrupted, run it again as it was run.",
    details: { environment: name, backend: moved.backend, location: moved.location },
  });
}
