import type { LedgerEvent } from "../ledger/event.ts";
import type { Digest } from "../model/digest.ts";
import { PREDICATE_TYPES, type QuarantineStatement } from "../model/records.ts";
import { quarantineTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { publishCopy } from "./publish-copy.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";

/** The event by which a digest was kept out of an environment, or let in again. */
export interface QuarantineEvent {
  readonly event: Extract<LedgerEvent, { kind: "quarantine" | "unquarantine" }>;
  readonly hash: Digest;
}

/**
 * Publishes a copy of a quarantine, or of its end, as a referrer of the artifact, for those who look at it with other
 * tools. The event in the ledger is what counts; a copy that is there already stays. Gives its tag.
 */
export async function publishQuarantine(
  { event, hash }: QuarantineEvent,
  artifact: ResolvedArtifact,
  context: FloeContext,
  options: CallOptions,
): Promise<string> {
  const { store } = context;
  const tag = quarantineTag(event.operation);
  const left = await store.getManifest(tag, options);
  if (left) {
    // The tag may be there while a referrers index is not: attaching the same bytes again completes it.
    const { bytes, descriptor } = left;
    await store.attach({ bytes, mediaType: descriptor.mediaType }, { ...options, tag });
    return tag;
  }
  const { chain, seq, at, environment, actor, body } = event;
  const predicate: QuarantineStatement = {
    quarantined: event.kind === "quarantine",
    environment,
    version: body.version,
    reason: body.reason,
    operator: actor.identity ?? "unknown",
    operator_identity: actor,
    at,
    ledger: { chain, seq, hash },
  };
  const { kind } = event;
  const predicateType = PREDICATE_TYPES.quarantine;
  await publishCopy({ predicateType, predicate, kind, tag }, artifact, context, options);
  return tag;
}
