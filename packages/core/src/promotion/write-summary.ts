import { FloeError } from "../errors/index.ts";
import { requireSigner } from "../ledger/ledger-context.ts";
import { bundleManifest } from "../model/bundle-manifest.ts";
import { type Descriptor, EMPTY_BLOB, EMPTY_DESCRIPTOR } from "../model/descriptor.ts";
import { PREDICATE_TYPES } from "../model/records.ts";
import { summaryTag } from "../model/tag.ts";
import type { CallOptions, ManifestInput } from "../ports/index.ts";
import { buildSummary, type SummaryFacts } from "./build-summary.ts";
import type { FloeContext } from "./context.ts";
import { readSummary } from "./read-summary.ts";

/** A committed promotion whose verification summary is due. */
export interface DueSummary extends Omit<SummaryFacts, "repository"> {
  readonly artifact: Pick<Descriptor, "mediaType" | "digest" | "size">;
  /** The record's manifest, which is listed as a referrer together with the summary. */
  readonly recordManifest: ManifestInput;
  /** The policy's blob, which is in the repository; `null`: the record names none. */
  readonly policy: Descriptor | null;
  /** Nobody can have written it yet: the operation was begun by this very run. */
  readonly first: boolean;
}

/**
 * Signs the verification summary of a committed promotion and makes it and the record referrers of the artifact. It is a
 * projection: found by the operation's tag it is kept, so that there is one whoever finishes the promotion.
 * @throws {FloeError} FLOE_RECORD_INVALID - something else stands under the tag
 */
export async function writeSummary(
  due: DueSummary,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const { store } = context;
  const tag = summaryTag(due.operation);
  const alongside = [due.recordManifest];
  const facts = { ...due, repository: store.repository };
  const left = due.first ? null : await readSummary(facts, context, options);
  if (left) {
    const { bytes, descriptor } = left.manifest;
    await store.attach({ bytes, mediaType: descriptor.mediaType }, { ...options, tag, alongside });
    return;
  }
  const at = store.now();
  const statement = buildSummary(facts, context.version, at);
  const signer = requireSigner(context.signer, "verification summary");
  const bundle = await signer.sign(statement, options);
  const { bytes, mediaType, layer } = bundleManifest({
    subject: due.artifact,
    bundle,
    predicateType: PREDICATE_TYPES.verificationSummary,
    created: at,
    ...(due.policy ? { config: due.policy } : {}),
  });
  if (!due.policy) await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  await store.putBlob(layer, bundle, { ...options, absent: true });
  try {
    await store.attach(
      { bytes, mediaType },
      { ...options, tag, alongside, contentNamed: due.first },
    );
  } catch (cause) {
    // Somebody who finishes the same promotion came first: theirs is the one, if it is one.
    if (!(cause instanceof FloeError && cause.code === "FLOE_TAG_IMMUTABLE")) throw cause;
    const theirs = await readSummary(facts, context, options);
    if (!theirs) throw cause;
  }
}
