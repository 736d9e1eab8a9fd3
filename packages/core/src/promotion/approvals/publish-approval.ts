import type { StoredEvent } from "../../ledger/event.ts";
import { type ApprovalStatement, PREDICATE_TYPES } from "../../model/records.ts";
import { approvalTag } from "../../model/tag.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
import { publishCopy } from "../publish-copy.ts";
import type { ResolvedArtifact } from "../resolve-artifact.ts";
import type { Opinion } from "./read-opinions.ts";

/**
 * Publishes a copy of an approval or a denial as a referrer of its artifact, so that it is seen by who looks at the artifact
 * with other tools. The event in the ledger is what counts; a copy that is there already stays.
 */
export async function publishApproval(
  { event, hash }: Pick<StoredEvent, "hash"> & Pick<Opinion, "event">,
  artifact: ResolvedArtifact,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const { store } = context;
  const tag = approvalTag(event.operation);
  if (await store.resolve(tag, options)) return;
  const { version, policy_digest, expires_at, reason } = event.body;
  const { chain, seq, at, environment, actor } = event;
  const predicate: ApprovalStatement = {
    decision: event.kind === "approval" ? "approved" : "denied",
    environment,
    version,
    policy_digest,
    expires_at,
    reason,
    approver: actor.identity ?? "unknown",
    approver_identity: actor,
    at,
    ledger: { chain, seq, hash },
  };
  const copy = { predicateType: PREDICATE_TYPES.approval, predicate, kind: event.kind, tag };
  await publishCopy({ ...copy, contentNamed: true }, artifact, context, options);
}
