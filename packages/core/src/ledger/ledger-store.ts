import type { AuditBackend } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { ArtifactStore, CallOptions, Host, Logger } from "../ports/index.ts";
import { guardBackend } from "./guard-backend.ts";
import type { LedgerPlace } from "./ledger-place.ts";
import { probeBackend } from "./probe-backend.ts";
import { shiftBackend } from "./shift-backend.ts";

/** A store for the ledgers of several environments, opened when it is first needed. */
export interface LedgerStore extends AsyncDisposable {
  /** Id of the backend's provider, which the beginning of a ledger pins. */
  readonly id: string;
  open(options: CallOptions): Promise<AuditBackend>;
}

/** Makes a ledger store from a function that opens its backend; it is called once. */
export function createLedgerStore(
  id: string,
  open: (options: CallOptions) => Promise<AuditBackend>,
): LedgerStore {
  let opening: Promise<AuditBackend> | null = null;
  return {
    id,
    async open(options) {
      opening ??= open(options);
      try {
        return await opening;
      } catch (cause) {
        // Whoever comes next tries again.
        opening = null;
        throw cause;
      }
    },
    async [Symbol.asyncDispose]() {
      const opened = await opening?.catch(() => null);
      await opened?.[Symbol.asyncDispose]?.();
    },
  };
}

/** How hard a store is raced before a ledger is begun there: enough for the gross lies, in a moment. */
const PROBE = { rounds: 4, writers: 8 };

/** An environment's ledger in the store that the manifest names. */
export function placeInStore(
  store: LedgerStore,
  environment: EnvironmentConfig,
  context: {
    readonly manifest: Manifest;
    readonly store: ArtifactStore;
    readonly host: Host;
    readonly logger: Logger;
  },
): LedgerPlace {
  let slots = slotsOf(environment, context.manifest);
  let first = 0;
  const guarded = guardBackend(store, () => slots, environment.name);
  const audit = shiftBackend(guarded, () => first);
  return {
    backend: store.id,
    // The events of a store that lets two win a slot could not be put in order, so there is no other mode.
    mode: "slot",
    audit,
    async location(options) {
      const named = await guarded.ask(
        "could not be opened",
        options,
        async (open) => open.location,
      );
      return named ?? store.id;
    },
    slots: () => slots,
    follow(pinned) {
      slots = pinned.slots ?? slots;
      first = pinned.first;
    },
    async prepare(options) {
      const random = uuidV7(context.store.now(), context.host.randomBytes(10));
      const { capabilities, findings } = await guarded.ask(
        "could not be probed",
        options,
        (open, call) => probeBackend([open], { ...call, ...PROBE, chain: `floe-probe/${random}` }),
      );
      if (capabilities.serialises !== "strong") {
        throw new FloeError({
          code: "FLOE_LEDGER_UNAVAILABLE",
          message: `audit backend ${store.id} cannot keep writers apart, so no ledger is begun there: ${findings[0] ?? "it says so itself"}`,
          hint: "Nothing was changed. Use a store that refuses to write over what is there, or audit.backend: oci, which says that it is advisory.",
          details: { findings: [...findings] },
        });
      }
      if (capabilities.scope === "machine" && !context.store.repository.startsWith("oci-layout:"))
        context.logger.warn(
          `the ledger of ${environment.name} is begun on this machine (${await this.location(options)}) for a registry that others can reach: from any other machine it is a missing ledger. Where several machines promote, use audit.backend: s3 or a postgres:// database_url.`,
        );
    },
  };
}

// Several projects, repositories and environments may share a store. A folder is named as the manifest does, so that it
// can be moved.
/** Name of an environment's chain in a store that keeps those of several projects. */
export function slotsOf(
  { name, registry }: EnvironmentConfig,
  { metadata }: Pick<Manifest, "metadata">,
): string {
  const place = registry.uri.startsWith("oci-layout:") ? registry.uriAsWritten : registry.uri;
  return `${metadata.name}/${place}#${name}`;
}
