import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import { assertLatestNotCut } from "./assert-not-cut.ts";
import { pinReasons } from "./checks/check-pin.ts";
import { unsupportedReasons } from "./checks/check-unsupported.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import { type Ledgers, unknownPlaces } from "./ledgers.ts";
import { judgeOperator } from "./operator.ts";
import { type Reason, reason } from "./reason.ts";
import { readArtifact } from "./resolve-artifact.ts";

/** What `floe platform tag` asks for. */
export interface RestoreTagsRequest {
  readonly environment: string;
  readonly dryRun?: boolean;
}

/** What setting an environment's tags back came to. */
export type RestoreTagsOutcome =
  | {
      readonly kind: "done";
      readonly environment: string;
      /** What the environment runs by its ledger. */
      readonly version: string;
      readonly digest: Digest;
      readonly dryRun: boolean;
      readonly operator: string;
      /** Tags that were not as the ledger says, and what they held. Empty: all were. */
      readonly tags: readonly {
        readonly tag: string;
        readonly previous: Digest | null;
        readonly digest: Digest;
      }[];
    }
  | { readonly kind: "blocked"; readonly blocking: readonly Reason[] };

/**
 * Sets the tags of what an environment runs back to what its ledger says: `latest-ENV` where somebody moved or deleted it,
 * and the environment tag where it is missing. Decides nothing anew: it carries out again what a signed event has said. An
 * environment tag that holds something else is left alone, since immutable tags never move.
 */
export async function restoreTags(
  request: RestoreTagsRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<RestoreTagsOutcome> {
  const environment = findEnvironment(given.manifest, request.environment);
  const context = at(given, environment);
  const { manifest, store } = context;
  const dryRun = request.dryRun === true;
  const blocked = (...blocking: readonly Reason[]): RestoreTagsOutcome => ({
    kind: "blocked",
    blocking,
  });
  if (unknownPlaces(manifest, environment).length > 0)
    return blocked(...unsupportedReasons(manifest, environment));
  const { operator, problem } = judgeOperator(environment, context, undefined);
  if (problem || !operator) return blocked(...(problem ? [problem] : []));
  const ledger = ledgers.of(environment);
  const view = await ledger.view(options);
  const current = view?.state.current;
  const against = [...pinReasons(environment, view), ...openReasons(environment, view?.state)];
  if (against.length > 0) return blocked(...against);
  if (!view || !current) return blocked(nothing(environment.name));
  await assertLatestNotCut(ledger, view, context, options);
  const { version, digest } = current;
  const artifact = await readArtifact(store, { version, digest }, options);
  const { bytes, descriptor } = artifact.manifest;
  const input = { bytes, mediaType: descriptor.mediaType };
  const immutable = environmentTag(version, environment.name);
  const moving = latestTag(environment.name);
  const there = (await store.resolve(immutable, options))?.digest ?? null;
  if (there !== null && there !== digest) return blocked(immovable(immutable, there, digest));
  const latest = (await store.resolve(moving, options))?.digest ?? null;
  const tags = [
    ...(there === null ? [{ tag: immutable, previous: null, digest }] : []),
    ...(latest === digest ? [] : [{ tag: moving, previous: latest, digest }]),
  ];
  const done = { kind: "done" as const, environment: environment.name, version, digest };
  if (!dryRun && there === null) {
    const created = await store.createTag(immutable, input, options);
    if (created.status === "taken") return blocked(immovable(immutable, created.digest, digest));
  }
  // What a promotion moves meanwhile is not where it was seen, and is left alone.
  if (!dryRun && latest !== digest)
    await store.moveTag(moving, input, { ...options, expect: latest });
  return { ...done, dryRun, operator: operator.name, tags };
}

function openReasons(
  { name }: EnvironmentConfig,
  state: { readonly open_intents: readonly unknown[] } | undefined,
): Reason[] {
  if (!state || state.open_intents.length === 0) return [];
  return [
    reason(
      "FLOE_PROMOTION_BUSY",
      `an operation is open in ${name}, and tags may be ahead of the ledger`,
      `Wait for it; if it was interrupted: floe platform reconcile --env ${name}`,
    ),
  ];
}

function nothing(environment: string): Reason {
  return reason(
    "FLOE_VERIFY_NOTHING",
    `nothing runs in ${environment} by its ledger, so it has no tags to set back`,
    `What was there before floe: floe platform adopt VERSION --env ${environment} --reason …`,
  );
}

function immovable(tag: string, holds: Digest, expected: Digest): Reason {
  return reason(
    "FLOE_LEDGER_DRIFT",
    `${tag} holds ${holds}, by the ledger it is ${expected}: somebody wrote it without floe`,
    "An immutable tag is never moved. Find out who; whoever owns the registry can delete it, and this command writes it again.",
  );
}
