import { FloeError } from "../errors/index.ts";
import { type LedgerState, policyMark } from "../ledger/event.ts";
import { requireSigner } from "../ledger/ledger-context.ts";
import { policyDocument } from "../manifest/policy-digests.ts";
import { bundleManifest } from "../model/bundle-manifest.ts";
import type { Descriptor } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { operatorTrust } from "../model/identity.ts";
import type { GateResult } from "../model/records.ts";
import { recordTag } from "../model/tag.ts";
import type { CallOptions, ManifestInput } from "../ports/index.ts";
import { buildRecord, type LedgerPlace } from "./build-record.ts";
import type { FloeContext } from "./context.ts";
import type { OperationPlan, Operator } from "./operation.ts";
import { readOwnRecord } from "./read-record.ts";

/** A record as it stands in the registry. */
export interface WrittenRecord {
  readonly digest: Digest;
  readonly tag: string;
  readonly manifest: ManifestInput;
  /** Digest of the signed bundle. */
  readonly bundle: Digest;
  /** The policy's blob; `null` where an older version of floe has written the record. */
  readonly policy: Descriptor | null;
  readonly signatureVerified: boolean;
  /** As the record has them: with their evidence. */
  readonly gates: readonly GateResult[];
}

/**
 * Signs an operation's record and stores it beside the artifact, under a tag of its own, with the policy that it was
 * judged by. A record that an interrupted run of the same operation has left is checked and kept, so that there is one
 * in the end. A promotion's is listed among the artifact's referrers with its verification summary, after the commit:
 * where a list has to be written, it is written once.
 */
export async function writeRecord(
  plan: OperationPlan,
  operator: Operator,
  { place, state }: { readonly place: LedgerPlace; readonly state: LedgerState },
  context: FloeContext,
  options: CallOptions,
): Promise<WrittenRecord> {
  const tag = recordTag(plan.operation);
  const { store } = context;
  const { action, operation, target } = plan;
  const artifact = plan.artifact.manifest.descriptor;
  if (plan.resumes !== null) {
    const left = await readOwnRecord(
      tag,
      artifact.digest,
      operatorTrust(operator.actor, context.manifest),
      { action, operation, environment: target.name, intent: place.hash },
      context,
      options,
    );
    if (left) {
      const { bytes, descriptor } = left.manifest;
      const manifest = { bytes, mediaType: descriptor.mediaType };
      // The tag may be there while a referrers index is not: attaching the same bytes again completes it.
      if (action === "rollback") await store.attach(manifest, { ...options, tag });
      const { digest, bundle, policy, predicate } = left;
      const signatureVerified = predicate["signature_verified"] === true;
      return { digest, tag, manifest, bundle, policy, signatureVerified, gates: plan.gates };
    }
  }
  const gates = await keepEvidence(plan, operator, context, options);
  const at = store.now();
  const { statement, predicateType, annotations } = buildRecord(
    { ...plan, gates },
    operator,
    place,
    at,
  );
  const bundle = await requireSigner(context.signer, "record").sign(statement, options);
  const policy = policyDocument(target);
  const { bytes, mediaType, digest, layer } = bundleManifest({
    subject: artifact,
    bundle,
    predicateType,
    created: at,
    annotations,
    config: policy.descriptor,
    embeds: true,
  });
  // What runs there has a record that names the same policy, so the repository has it.
  const isThere = state.current?.policy === policyMark(policy.descriptor.digest);
  if (!isThere) await store.putBlob(policy.descriptor, policy.bytes, options);
  await store.putBlob(layer, bundle, { ...options, absent: true });
  // The tag holds this operation's own random identifier: nobody else can mean another content by it.
  const own = { ...options, contentNamed: true };
  const manifest = { bytes, mediaType };
  const write = async (): Promise<unknown> =>
    action === "rollback"
      ? await store.attach(manifest, { ...own, tag })
      : await store.createTag(tag, manifest, own);
  try {
    await write();
  } catch (cause) {
    // Somebody has deleted that record, and the policy went with it.
    if (!isThere || !isRefusal(cause)) throw cause;
    await store.putBlob(policy.descriptor, policy.bytes, options);
    await write();
  }
  return {
    digest,
    tag,
    manifest,
    bundle: layer.digest,
    policy: policy.descriptor,
    signatureVerified: plan.signature.status === "valid",
    gates,
  };
}

// Before the record, which names it.
async function keepEvidence(
  plan: OperationPlan,
  operator: Operator,
  context: FloeContext,
  options: CallOptions,
): Promise<readonly GateResult[]> {
  if (plan.material.length === 0) return plan.gates;
  const { writeEvidence } = await import("../gates/evidence/write-evidence.ts");
  const kept = plan.gates.flatMap((result) => {
    const material = plan.material.find(({ gate }) => gate === result.gate);
    return material ? [{ result: material.judgement, material }] : [];
  });
  const run = {
    artifact: plan.artifact.manifest.descriptor,
    version: plan.artifact.version,
    source: plan.source,
    environment: plan.target.name,
    operation: plan.operation,
    operator,
  };
  const written = await writeEvidence(run, kept, context, options);
  return plan.gates.map((result) => {
    const digest = written.get(result.gate);
    return digest === undefined ? result : { ...result, evidence: { digest } };
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof FloeError && [400, 404].includes(Number(error.details?.["status"]));
}
