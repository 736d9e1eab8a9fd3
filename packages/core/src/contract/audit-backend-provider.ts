import type { AnchorStore } from "./anchor-store.ts";
import type { AuditBackend, AuditCallOptions } from "./audit-backend.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** What a backend is opened with besides its settings. */
export interface AuditOpenOptions extends AuditCallOptions {
  /** Folder of the manifest, absolute: relative paths in the settings count from there. */
  readonly baseDir: string;
  /** Reads what a `*_ref` setting names: `env:NAME`, `file:PATH` or a bare path. */
  readonly readSecret: (ref: string) => Promise<string>;
}

/** Makes audit backends of one kind. */
export interface AuditBackendProvider<Config = unknown> {
  /** Value of `audit.backend` in the manifest. `oci` is reserved. */
  readonly id: string;
  readonly summary: string;
  /** Checks `audit.with`. */
  readonly config: StandardSchema<unknown, Config>;
  open(config: Config, options: AuditOpenOptions): Promise<AuditBackend>;
  /**
   * Opens a place for checkpoints, with settings as those of `open` but another place than the ledger's: `audit.anchors` of the
   * manifest. Absent: the backend keeps none.
   */
  openAnchors?(config: Config, options: AuditOpenOptions): Promise<AnchorStore>;
}

/** Types an audit backend provider; returns it unchanged. */
export function defineAuditBackend<Config>(
  provider: AuditBackendProvider<Config>,
): AuditBackendProvider<Config> {
  return provider;
}
