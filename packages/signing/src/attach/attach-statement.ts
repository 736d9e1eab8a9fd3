import {
  bundleManifest,
  type Descriptor,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  type RawManifest,
} from "@floe/core/model";
import type { ArtifactStore, CallOptions, Signer } from "@floe/core/ports";

/** What to attach, and to what. */
export interface AttachStatementInput {
  readonly store: ArtifactStore;
  /** The artifact that the statement is about. */
  readonly subject: RawManifest;
  /** A finished bundle, or a statement's exact bytes and who signs them. */
  readonly content:
    | { readonly bundle: Uint8Array }
    | { readonly statement: Uint8Array; readonly signer: Signer };
  /** Written into the manifest's annotations, as cosign does: it helps finding and proves nothing. */
  readonly predicateType: string;
  /** An immutable tag for the referrer as well, so that it outlives garbage collection and lost index writes. */
  readonly tag?: string;
  /** More annotations for the referrer's manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Goes into the manifest, hence into its digest. Default: the store's clock. */
  readonly created?: Date;
}

/** What was attached. */
export interface AttachedStatement {
  readonly referrer: Descriptor;
  /** The blob with the bundle. */
  readonly bundle: Descriptor;
  /** The bundle itself, for whoever has to verify or keep it. */
  readonly bundleBytes: Uint8Array;
}

/**
 * Attaches a signed statement to an artifact as an OCI referrer that cosign 3 finds: blobs first, then the manifest.
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - `tag` holds something else; and whatever the store throws
 */
export async function attachStatement(
  input: AttachStatementInput,
  { signal }: CallOptions,
): Promise<AttachedStatement> {
  const { store, content } = input;
  const bundle =
    "bundle" in content ? content.bundle : await content.signer.sign(content.statement, { signal });
  const { bytes, mediaType, layer } = bundleManifest({
    subject: input.subject.descriptor,
    bundle,
    predicateType: input.predicateType,
    created: input.created ?? store.now(),
    ...(input.annotations ? { annotations: input.annotations } : {}),
  });
  await Promise.all([
    store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, { signal }),
    store.putBlob(layer, bundle, { signal }),
  ]);
  const options = input.tag === undefined ? { signal } : { signal, tag: input.tag };
  const referrer = await store.attach({ bytes, mediaType }, options);
  return { referrer, bundle: layer, bundleBytes: bundle };
}
