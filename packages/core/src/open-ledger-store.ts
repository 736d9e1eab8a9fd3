import type { AuditBackend } from "./contract/index.ts";
import type { FloeOptions } from "./create-floe.ts";
import { createLedgerStore, type LedgerStore } from "./ledger/ledger-store.ts";
import type { AuditPlace } from "./manifest/manifest.ts";
import type { PluginRegistry } from "./plugins/registry.ts";

/** Gives where the ledgers are when that is not each environment's own repository; `null`: there. Nothing is opened yet. */
export function openLedgerStore(
  options: Pick<FloeOptions, "ledger" | "manifest" | "readSecret">,
  registry: PluginRegistry,
): LedgerStore | null {
  const { ledger, manifest } = options;
  const { provider } = manifest.audit;
  if (ledger) {
    // Whoever opened it closes it.
    const lent: AuditBackend = Object.create(ledger, {
      [Symbol.asyncDispose]: { value: undefined },
    });
    return createLedgerStore(provider === "oci" ? "inline" : provider, async () => lent);
  }
  return provider === "oci" ? null : openStoreAt(manifest.audit, options, registry);
}

/** Gives the store at a place that the manifest names. Nothing is opened yet. */
export function openStoreAt(
  place: AuditPlace,
  { manifest, readSecret }: Pick<FloeOptions, "manifest" | "readSecret">,
  registry: PluginRegistry,
): LedgerStore {
  return createLedgerStore(place.provider, async (call) => {
    const { openAuditBackend } = await import("./plugins/open-audit-backend.ts");
    return await openAuditBackend(manifest, registry, readSecret, call, place);
  });
}
