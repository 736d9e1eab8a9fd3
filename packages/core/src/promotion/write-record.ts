import { requireSigner } from "../ledger/ledger-context.ts";
import { bundleManifest } from "../model/bundle-manifest.ts";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { operatorTrust } from "../model/identity.ts";
import { recordTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import { buildRecord, type LedgerPlace } from "./build-record.ts";
import type { FloeContext } from "./context.ts";
import type { OperationPlan, Operator } from "./operation.ts";
import { readOwnRecord } from "./read-record.ts";

/** A record as it stands in the registry. */
export interface WrittenRecord {
  readonly digest: Digest;
  readonly tag: string;
}

/**
 * Signs an operation's record and attaches it to the artifact, under a tag of its own. A record that an interrupted run
 * of the same operation has left is checked and kept, so that there is one in the end.
 */
export async function writeRecord(
  plan: OperationPlan,
  operator: Operator,
  place: LedgerPlace,
  context: FloeContext,
  options: CallOptions,
): Promise<WrittenRecord> {
  const tag = recordTag(plan.operation);
  const { store } = context;
  const artifact = plan.artifact.manifest.descriptor;
  if (plan.resumes !== null) {
    const { action, operation, target } = plan;
    const left = await readOwnRecord(
      tag,
      artifact.digest,
      operatorTrust(operator.actor, context.manifest),
      { action, operation, environment: target.name, intent: place.hash },
      context,
      options,
    );
    if (left) {
      // The tag may be there while a referrers index is not: attaching the same bytes again completes it.
      const manifest = await store.getManifest(tag, options);
      if (manifest)
        await store.attach(
          { bytes: manifest.bytes, mediaType: manifest.descriptor.mediaType },
          { ...options, tag },
        );
      return { digest: left.digest, tag };
    }
  }
  const at = store.now();
  const { statement, predicateType, annotations } = buildRecord(plan, operator, place, at);
  const bundle = await requireSigner(context.signer, "record").sign(statement, options);
  const manifest = bundleManifest({
    subject: artifact,
    bundle,
    predicateType,
    created: at,
    annotations,
  });
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  await store.putBlob(manifest.layer, bundle, options);
  // The tag holds this operation's own random identifier: nobody else can mean another content by it.
  await store.attach(
    { bytes: manifest.bytes, mediaType: manifest.mediaType },
    { ...options, tag, contentNamed: true },
  );
  return { digest: manifest.digest, tag };
}
