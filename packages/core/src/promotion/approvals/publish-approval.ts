import type { StoredEvent } from "../../ledger/event.ts";
import { requireSigner } from "../../ledger/ledger-context.ts";
import { bundleManifest } from "../../model/bundle-manifest.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "../../model/descriptor.ts";
import { inTotoDigest } from "../../model/digest.ts";
import { type ApprovalStatement, PREDICATE_TYPES } from "../../model/records.ts";
import { approvalTag } from "../../model/tag.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
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
  const subject = artifact.manifest.descriptor;
  const predicateType = PREDICATE_TYPES.approval;
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: store.repository, digest: inTotoDigest(subject.digest) }],
    predicateType,
    predicate,
  });
  const signer = requireSigner(context.signer, event.kind);
  const bundle = await signer.sign(new TextEncoder().encode(statement), options);
  const created = store.now();
  const { bytes, mediaType, layer } = bundleManifest({ subject, bundle, predicateType, created });
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  await store.putBlob(layer, bundle, { ...options, absent: true });
  await store.attach({ bytes, mediaType }, { ...options, tag, contentNamed: true });
}
