import type { LedgerState } from "../ledger/event.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { Digest } from "../model/digest.ts";
import { classifyTag, environmentTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { arrivalAt, findArrival } from "./find-arrival.ts";
import { nearNames } from "./near-names.ts";
import { type Reason, reason } from "./reason.ts";
import { tagRules } from "./resolve-artifact.ts";
import type { UnmetGate } from "./unmet-gates.ts";

/** Where a rollback goes. */
export interface Return {
  readonly version: string;
  readonly digest: Digest;
  /** Slot of the outcome that the version returned to had replaced, so that a further rollback goes on from there. */
  readonly previousSeq: number | null;
  /** Optional gates that had not passed for it when it came. */
  readonly unmetGates: readonly UnmetGate[];
  readonly from: { readonly version: string; readonly digest: Digest };
}

type Found =
  | { readonly kind: "found"; readonly return: Return }
  | { readonly kind: "none"; readonly reason: Reason };

/**
 * Finds the version to return to: the one asked for, if it ever ran in the environment and is not held there, else the
 * one before the current.
 */
export async function findReturn(
  ledger: Ledger,
  view: LedgerView | null,
  wanted: { readonly version: string; readonly digest: Digest | null } | null,
  context: FloeContext,
  options: CallOptions,
): Promise<Found> {
  const environment = ledger.environment.name;
  const none = (message: string, hint: string): Found => ({
    kind: "none",
    reason: reason("FLOE_ROLLBACK_TARGET_INVALID", message, hint),
  });
  const state = view?.state;
  const current = state?.current;
  if (!view || !state || !current)
    return none(`nothing runs in ${environment}`, "There is nothing to roll back from.");
  const from = { version: current.version, digest: current.digest };
  if (!wanted) {
    for (let seq = current.previous_seq; seq !== null; ) {
      const before: NonNullable<LedgerState["current"]> | null =
        (await arrivalAt(ledger, seq, options))?.current ?? null;
      if (!before) break;
      const held = state.holds.some((hold) => hold.digest === before.digest);
      if (!held && before.digest !== current.digest) {
        return {
          kind: "found",
          return: {
            version: before.version,
            digest: before.digest,
            previousSeq: before.previous_seq,
            unmetGates: before.unmet_gates ?? [],
            from,
          },
        };
      }
      seq = before.previous_seq;
    }
    return none(
      `${environment} has no version with another content before ${current.version} to return to`,
      `Versions that ran there: ${(await versionsThere(environment, context, options)).join(", ")}.`,
    );
  }
  if (wanted.version === current.version) {
    return none(
      `${environment} runs ${wanted.version} already`,
      "Name the version to return to, or none for the one before.",
    );
  }
  const tag = await context.store.resolve(environmentTag(wanted.version, environment), options);
  if (tag?.digest === current.digest) {
    return none(
      `${wanted.version} is the content that ${environment} runs already, as ${current.version}`,
      "Name a version with another content.",
    );
  }
  const arrival = tag
    ? await findArrival(ledger, view, { version: wanted.version, digest: tag.digest }, options)
    : null;
  if (!tag || !arrival) {
    const versions = await versionsThere(environment, context, options);
    const near = nearNames(wanted.version, versions);
    return none(
      `${wanted.version} was never promoted to ${environment}`,
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : `Versions that were: ${versions.join(", ")}.`,
    );
  }
  if (wanted.digest !== null && wanted.digest !== tag.digest) {
    return none(
      `${wanted.version} in ${environment} is ${tag.digest}, not ${wanted.digest}`,
      "Leave the digest out to return to what ran there.",
    );
  }
  const hold = state.holds.find((candidate) => candidate.digest === tag.digest);
  if (hold) {
    return none(
      `${wanted.version} is held in ${environment} (${hold.reason})`,
      `A held version is not returned to. When the reason is gone: floe platform unquarantine ${wanted.version} --env ${environment} --reason …`,
    );
  }
  return {
    kind: "found",
    return: {
      version: wanted.version,
      digest: tag.digest,
      previousSeq: arrival.current?.previous_seq ?? null,
      unmetGates: arrival.current?.unmet_gates ?? [],
      from,
    },
  };
}

async function versionsThere(
  environment: string,
  context: FloeContext,
  options: CallOptions,
): Promise<string[]> {
  const rules = tagRules(context.manifest);
  return (await context.store.listTags(options))
    .map((name) => classifyTag(name, rules))
    .flatMap((kind) =>
      kind.kind === "environment" && kind.environment === environment ? [kind.version] : [],
    )
    .sort();
}
