import type { AnchorStore, AuditFinding as StoreFinding } from "../../contract/index.ts";
import { slotsOf } from "../../ledger/ledger-store.ts";
import type { EnvironmentConfig, Manifest } from "../../manifest/manifest.ts";
import type { CallOptions } from "../../ports/index.ts";
import { createPlace } from "./ask-place.ts";

/** A place for checkpoints that the manifest names besides the one beside the ledger. Opened when it is first asked. */
export interface Anchor extends AsyncDisposable {
  readonly name: string;
  /** As the manifest says it: `file`, `oci`, `s3`. */
  readonly kind: string;
  /** Where, without secrets; the kind, where that is not known before it was opened. */
  readonly location: string;
  /** The newest note that is kept of an environment's ledger; `null`: none. */
  newest(environment: EnvironmentConfig, options: CallOptions): Promise<string | null>;
  put(
    environment: EnvironmentConfig,
    checkpoint: { readonly size: number; readonly note: string },
    options: CallOptions,
  ): Promise<void>;
  /** What the place itself has noticed. */
  findings(environment: EnvironmentConfig, options: CallOptions): Promise<StoreFinding[]>;
}

/** What an anchor is made of. */
export interface AnchorParts {
  readonly name: string;
  readonly kind: string;
  /** As written in the manifest, until the place says it itself. */
  readonly location: string;
  readonly manifest: Pick<Manifest, "metadata">;
  readonly open: (options: CallOptions) => Promise<AnchorStore>;
}

/** Makes an anchor. Its calls may throw FLOE_ANCHOR_UNAVAILABLE, FLOE_ANCHOR_UNAUTHENTICATED, or what a repository throws. */
export function createAnchor(parts: AnchorParts, deadlineMs?: number): Anchor {
  const { name, kind, manifest } = parts;
  let { location } = parts;
  const place = createPlace(
    () => `${name} (${location})`,
    async (call) => {
      const store = await parts.open(call);
      location = store.location;
      return store;
    },
    deadlineMs,
  );

  const ledgerOf = (environment: EnvironmentConfig) => ({
    // Not the ledger's own name: then nothing would be known of one that another has taken the place of.
    chain: slotsOf(environment, manifest),
    environment: environment.name,
  });

  return {
    name,
    kind,
    get location() {
      return location;
    },
    async newest(environment, options) {
      const ledger = ledgerOf(environment);
      const note = await place.ask(options, (store, call) => store.newest(ledger, call));
      return note && new TextDecoder().decode(note);
    },
    async put(environment, { size, note }, options) {
      const checkpoint = { size, note: new TextEncoder().encode(note) };
      const ledger = ledgerOf(environment);
      await place.ask(options, (store, call) => store.put(ledger, checkpoint, call));
    },
    findings: (environment, options) =>
      place.ask(options, async (store, call) => {
        const found: StoreFinding[] = [];
        for await (const finding of store.verifyStore?.(ledgerOf(environment), call) ?? [])
          found.push(finding);
        return found;
      }),
    async [Symbol.asyncDispose]() {
      const store = await place.opened();
      await store?.[Symbol.asyncDispose]?.();
    },
  };
}
