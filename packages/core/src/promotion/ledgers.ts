import { FloeError } from "../errors/index.ts";
import { createLedger, type Ledger } from "../ledger/ledger.ts";
import type { LedgerContext } from "../ledger/ledger-context.ts";
import { placeInStore } from "../ledger/ledger-store.ts";
import { createMoments, createTagLists, type Moment, type TagLists } from "../ledger/tag-lists.ts";
import { tracedLedger } from "../ledger/traced-ledger.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import type { ArtifactStore } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";

/** The ledgers of a manifest's environments, each opened once. */
export interface Ledgers {
  /** Names this moment, for `since`. */
  moment(): Moment;
  /** The lists of tags of the repository that an environment is in. */
  listsOf(environment: EnvironmentConfig): TagLists;
  of(environment: EnvironmentConfig): Ledger;
}

/** Says whether a part of the manifest decides where a ledger is: one that is looked for elsewhere would seem empty. */
export function isLedgerPlace(key: string): boolean {
  return key.startsWith("artifacts.promotion.audit.");
}

/** Parts of the manifest that put an environment's ledger where this version cannot write or read it. */
export function unknownPlaces(
  manifest: Pick<Manifest, "unsupported">,
  environment: Pick<EnvironmentConfig, "unsupported">,
): string[] {
  return [...manifest.unsupported, ...environment.unsupported].filter(isLedgerPlace);
}

/** What an environment's ledger needs of the world. */
export function ledgerContextOf(
  context: FloeContext,
  environment: EnvironmentConfig,
): LedgerContext {
  const here = at(context, environment);
  return here === context ? here : { ...here, published: context.store };
}

/**
 * Makes the ledgers on demand.
 * @throws {FloeError} FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED - from `of`: the ledger is where this version cannot go
 */
export function createLedgers(context: FloeContext): Ledgers {
  const open = new Map<string, Ledger>();
  const moment = createMoments();
  const lists = new Map<ArtifactStore, TagLists>();
  const listsOf = (environment: EnvironmentConfig): TagLists => {
    const { store } = at(context, environment);
    const known = lists.get(store) ?? createTagLists(store, moment);
    lists.set(store, known);
    return known;
  };
  return {
    moment,
    listsOf,
    of(environment) {
      const [place] = unknownPlaces(context.manifest, environment);
      if (place !== undefined) {
        throw new FloeError({
          code: "FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED",
          message: `${place} is configured, so the ledger of ${environment.name} is where this version of floe cannot read or write it`,
          hint: "Remove it from the manifest, or use a version of floe that supports it.",
        });
      }
      const here = ledgerContextOf(context, environment);
      const elsewhere = context.ledgerStore && placeInStore(context.ledgerStore, environment, here);
      const known = open.get(environment.name);
      if (known) return known;
      const made = createLedger(environment, here, listsOf(environment), elsewhere);
      const ledger = context.telemetry ? tracedLedger(made, context.telemetry) : made;
      open.set(environment.name, ledger);
      return ledger;
    },
  };
}
