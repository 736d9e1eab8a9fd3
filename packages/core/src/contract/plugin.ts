import type { PLUGIN_API_VERSION } from "./api-version.ts";
import type { AuditBackendProvider } from "./audit-backend-provider.ts";
import type { GateProvider } from "./gate.ts";

/**
 * The one value that a plugin package exports by default. A plain object with `satisfies FloePlugin` is enough; no
 * run-time import of floe is needed, so several copies of core in one process do no harm.
 */
export interface FloePlugin {
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  readonly meta: {
    readonly name: string;
    readonly version: string;
    readonly description?: string;
    readonly homepage?: string;
  };
  // `never` in the configuration position would refuse concrete providers: a provider is used only with the value
  // that its own schema returned, so its configuration type is private to it.
  readonly gates?: readonly GateProvider<never>[] | readonly GateProvider[];
  readonly auditBackends?: readonly AuditBackendProvider<never>[] | readonly AuditBackendProvider[];
}

/** Types a plugin; returns it unchanged. */
export function definePlugin(plugin: FloePlugin): FloePlugin {
  return plugin;
}
