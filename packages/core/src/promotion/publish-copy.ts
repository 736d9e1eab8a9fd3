import { requireSigner } from "../ledger/ledger-context.ts";
import { bundleManifest } from "../model/bundle-manifest.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "../model/descriptor.ts";
import { inTotoDigest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";

/** A copy of what the ledger says about an artifact, to be attached to it. */
export interface PublishedCopy {
  readonly predicateType: string;
  readonly predicate: object;
  /** What this is, for who has no key to sign it with: `approval`. */
  readonly kind: string;
  readonly tag: string;
  /** The tag is named after what it holds, so that it need not be looked for first. */
  readonly contentNamed?: boolean;
}

/** Signs a statement about an artifact and attaches it, under a tag of its own. */
export async function publishCopy(
  { predicateType, predicate, kind, ...place }: PublishedCopy,
  artifact: ResolvedArtifact,
  { store, signer }: FloeContext,
  options: CallOptions,
): Promise<void> {
  const subject = artifact.manifest.descriptor;
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: store.repository, digest: inTotoDigest(subject.digest) }],
    predicateType,
    predicate,
  });
  const bundle = await requireSigner(signer, kind).sign(
    new TextEncoder().encode(statement),
    options,
  );
  const created = store.now();
  const { bytes, mediaType, layer } = bundleManifest({ subject, bundle, predicateType, created });
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  await store.putBlob(layer, bundle, { ...options, absent: true });
  await store.attach({ bytes, mediaType }, { ...options, ...place });
}
