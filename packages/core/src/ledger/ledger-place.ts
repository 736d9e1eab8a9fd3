import type { CallOptions } from "../ports/index.ts";
import type { LedgerMode, SharingBackend } from "./oci-backend.ts";

/** Where an environment's ledger is, and what its beginning pins about that. */
export interface LedgerPlace {
  /** `oci`, or the id of the backend's provider. */
  readonly backend: string;
  readonly mode: LedgerMode;
  /** Knows the chain by the environment's name. */
  readonly audit: SharingBackend;
  /** `self` for the environment's own repository, else what the backend calls its store. */
  location(options: CallOptions): Promise<string>;
  /** Name of the chain in a store that several repositories may share; `null` for the repository itself. */
  slots(): string | null;
  /**
   * Goes by what the beginning has pinned: the chain's name there, because a copy of a repository has the ledger of the
   * original, and the number of its first event there.
   */
  follow(pinned: { readonly slots: string | null; readonly first: number }): void;
  /** Judges the store before a ledger is begun there. */
  prepare(options: CallOptions): Promise<void>;
}

/** The environment's own repository as a place. */
export function ownRepository(
  mode: LedgerMode,
  audit: SharingBackend,
  follow: (first: number) => void,
): LedgerPlace {
  return {
    backend: "oci",
    mode,
    audit,
    location: async () => "self",
    slots: () => null,
    follow: ({ first }) => follow(first),
    prepare: async () => undefined,
  };
}
