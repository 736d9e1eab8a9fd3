import { FloeError } from "../errors/index.ts";
import { actorName } from "../ledger/fold-state.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, latestTag } from "../model/tag.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { assertNeverHadLedger } from "./assert-never-had-ledger.ts";
import { assertLatestNotCut } from "./assert-not-cut.ts";
import { holdReasons } from "./checks/check-holds.ts";
import { lockReason } from "./checks/check-lock.ts";
import { pinReasons } from "./checks/check-pin.ts";
import { judgeSignature } from "./checks/check-signature.ts";
import { unsupportedReasons } from "./checks/check-unsupported.ts";
import { at, type FloeContext } from "./context.ts";
import { disregarded } from "./disregarded.ts";
import { findEnvironment } from "./environments.ts";
import { findResident } from "./find-artifact.ts";
import { type Ledgers, unknownPlaces } from "./ledgers.ts";
import { notAppended } from "./operation-errors.ts";
import { judgeOperator } from "./operator.ts";
import { type Reason, reason } from "./reason.ts";
import { requireReason } from "./require-reason.ts";
import { parseVersionArgument, type ResolvedArtifact } from "./resolve-artifact.ts";

/** What an adoption is asked for. */
export interface AdoptRequest {
  /** `v1.2.3`, or `v1.2.3@sha256:…` where the tag must be at that digest. */
  readonly version: string;
  readonly environment: string;
  readonly reason: string;
  readonly claimedOperator?: string | undefined;
}

/** What an adoption came to. */
export type AdoptOutcome =
  | {
      readonly kind: "done";
      readonly environment: string;
      readonly version: string;
      readonly digest: Digest;
      /** `false`: the ledger and the tags said so already. */
      readonly changed: boolean;
      /** What the ledger said before that the environment runs; `null`: nothing. */
      readonly previous: { readonly version: string; readonly digest: Digest } | null;
      /** Tags that were missing, and are written. */
      readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
      readonly by: string;
      readonly at: string;
      readonly reason: string;
      /** Hash of the event; `null` without one. */
      readonly event: string | null;
      readonly warnings: readonly string[];
      readonly traceId: string;
    }
  | { readonly kind: "blocked"; readonly blocking: readonly Reason[]; readonly traceId: string };

/**
 * Records by a signed event what an environment runs already: an estate from before floe, or drift that is accepted. No
 * gate is run, and everything that rests on it says so. What the environment runs is what `latest-ENV` holds.
 * @throws {FloeError} FLOE_LEDGER_MISSING - there was a ledger before, and it is gone
 */
export async function adopt(
  request: AdoptRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<AdoptOutcome> {
  const environment = findEnvironment(given.manifest, request.environment);
  const context = at(given, environment);
  const { manifest, store } = context;
  const text = requireReason("adopt", request.reason);
  const wanted = parseVersionArgument(request.version, manifest);
  const traceId = traceIdOf(context);
  const blocked = (blocking: readonly Reason[]): AdoptOutcome => ({
    kind: "blocked",
    blocking,
    traceId,
  });
  if (unknownPlaces(manifest, environment).length > 0)
    return blocked(unsupportedReasons(manifest, environment));
  const { operator, problem } = judgeOperator(environment, context, request.claimedOperator);
  if (problem || !operator) return blocked(problem ? [problem] : []);
  const artifact = await findResident(wanted, environment, given, options);
  const ledger = ledgers.of(environment);
  const view = await ledger.view({ ...options, adopting: true });
  if (!view) await assertNeverHadLedger(environment, artifact, context, options);
  else await assertLatestNotCut(ledger, view, context, options);
  const standing = await readStanding(artifact, environment, context, options);
  const blocking = reasonsAgainst(artifact, environment, view, standing);
  if (blocking.length > 0) return blocked(blocking);
  const { digest, mediaType, size } = artifact.manifest.descriptor;
  const signature = await judgeSignature(artifact, environment, context, options);
  const warnings = [
    ...signature.warnings,
    ...signature.blocking.map(({ message }) => `adopted all the same: ${message}`),
    ...disregarded(environment.name, view).map(({ message }) => message),
  ];
  const done = {
    kind: "done" as const,
    environment: environment.name,
    version: artifact.version,
    digest,
    reason: text,
    warnings,
    traceId,
  };
  const current = view?.state.current ?? null;
  if (current && isCurrent(artifact, view)) {
    const tags = await writeMissing(artifact, environment.name, standing, context, options);
    const { by, at } = current;
    const changed = tags.length > 0;
    return { ...done, changed, previous: null, tags, by, at, event: null };
  }
  const draft = {
    kind: "adopt" as const,
    operation: uuidV7(store.now(), context.host.randomBytes(10)),
    subject: { name: standing.tag, digest },
    traceId,
    claimedOperator: request.claimedOperator,
    body: {
      version: artifact.version,
      digest,
      media_type: mediaType,
      size,
      tag: standing.tag,
      before: standing.latest,
      reason: text,
    },
  };
  let late: Reason[] = [];
  const append = async () => {
    await ledger.begin({ ...options, traceId, adopting: true });
    return await ledger.append((now) => {
      late = reasonsAgainst(artifact, environment, now, standing);
      return late.length > 0 ? null : draft;
    }, options);
  };
  const appended = await append().catch((cause: unknown) => {
    throw notAppended("adoption", environment.name, cause, options);
  });
  if (!appended) return blocked(late);
  const tags = await writeMissing(artifact, environment.name, standing, context, options);
  return {
    ...done,
    changed: true,
    previous: current && { version: current.version, digest: current.digest },
    tags,
    by: actorName(appended.event.actor),
    at: appended.event.at,
    event: appended.hash,
  };
}

interface Standing {
  /** The environment tag, and what it holds. */
  readonly tag: string;
  readonly there: Digest | null;
  /** What `latest-ENV` holds. */
  readonly latest: Digest | null;
}

async function readStanding(
  artifact: ResolvedArtifact,
  { name }: EnvironmentConfig,
  { store }: FloeContext,
  options: CallOptions,
): Promise<Standing> {
  const tag = environmentTag(artifact.version, name);
  const there = (await store.resolve(tag, options))?.digest ?? null;
  const latest = (await store.resolve(latestTag(name), options))?.digest ?? null;
  return { tag, there, latest };
}

function isCurrent({ version, manifest }: ResolvedArtifact, view: LedgerView | null): boolean {
  const current = view?.state.current;
  return current?.digest === manifest.descriptor.digest && current.version === version;
}

// What is adopted is what runs there: by latest-ENV, else by the ledger. Anything else would be a promotion without gates.
function reasonsAgainst(
  artifact: ResolvedArtifact,
  environment: EnvironmentConfig,
  view: LedgerView | null,
  { tag, there, latest }: Standing,
): Reason[] {
  const { version } = artifact;
  const { digest } = artifact.manifest.descriptor;
  const { name } = environment;
  const found: Reason[] = pinReasons(environment, view);
  const current = view?.state.current ?? null;
  const runs = latest ?? current?.digest ?? digest;
  if (runs !== digest) {
    const by = latest ? `${latestTag(name)} holds` : "by its ledger it runs";
    found.push(
      reason(
        "FLOE_ADOPTION_INVALID",
        `${name} does not run ${version} (${digest}): ${by} ${runs}`,
        latest
          ? `Adopt the version that ${latestTag(name)} holds, or promote ${version}.`
          : `${latestTag(name)} is missing: adopt ${current?.version ?? "what runs"}, or promote ${version}.`,
      ),
    );
  }
  if (there !== null && there !== digest)
    found.push(
      reason(
        "FLOE_TARGET_TAG_EXISTS",
        `${tag} holds ${there}, not ${digest}`,
        "An environment tag never moves. Publish the content under a new version, and adopt that.",
      ),
    );
  found.push(...holdReasons(artifact, environment, view));
  const { lock = null, open_intents: open = [] } = view?.state ?? {};
  if (lock) {
    const { override: _, ...locked } = lockReason(name, lock);
    found.push(locked);
  }
  if (open.length > 0)
    found.push(
      reason(
        "FLOE_PROMOTION_BUSY",
        `an operation is open in ${name}`,
        `Wait for it; if it was interrupted: floe platform reconcile --env ${name}`,
      ),
    );
  return found;
}

// The event is there first: from it whoever runs the command again knows what was meant.
async function writeMissing(
  { manifest }: ResolvedArtifact,
  environment: string,
  { tag, there, latest }: Standing,
  { store }: FloeContext,
  options: CallOptions,
): Promise<{ readonly tag: string; readonly digest: Digest }[]> {
  const { bytes, descriptor } = manifest;
  const { digest, mediaType } = descriptor;
  const input = { bytes, mediaType };
  const written: { readonly tag: string; readonly digest: Digest }[] = [];
  if (there === null) {
    const created = await store.createTag(tag, input, options);
    if (created.status === "taken")
      throw new FloeError({
        code: "FLOE_LEDGER_DRIFT",
        message: `${tag} appeared meanwhile and holds ${created.digest}`,
        hint: "Somebody wrote the environment tag without floe. Find out who.",
      });
    written.push({ tag, digest });
  }
  if (latest === null) {
    const moving = latestTag(environment);
    await store.moveTag(moving, input, { ...options, expect: null });
    written.push({ tag: moving, digest });
  }
  return written;
}
