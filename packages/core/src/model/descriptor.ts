import type { Digest } from "./digest.ts";

/** An OCI content descriptor (image-spec, `descriptor.md`). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest as the registry holds it: the raw bytes are the truth and are never re-serialised. */
export interface RawManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export const MEDIA_TYPES = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  empty: "application/vnd.oci.empty.v1+json",
  sigstoreBundle: "application/vnd.dev.sigstore.bundle.v0.3+json",
  inToto: "application/vnd.in-toto+json",
  checkpoint: "application/vnd.floe.ledger.checkpoint.v1",
  probe: "application/vnd.floe.probe.v1+json",
  note: "text/plain; charset=utf-8",
  ledgerEvent: "application/vnd.floe.ledger.event.v1+json",
  policy: "application/vnd.floe.policy.v1+json",
  authority: "application/vnd.floe.authority.v1+json",
  pin: "application/vnd.floe.pin.v1+json",
  gateReports: "application/vnd.floe.gate-reports.v1+json+gzip",
  webhooks: "application/vnd.floe.webhooks.v1+json",
} as const;

/** The bytes of the empty config that artifact manifests carry (image-spec, "Guidance for an Empty Descriptor"). */
export const EMPTY_BLOB: Uint8Array = new TextEncoder().encode("{}");

/** The descriptor of {@link EMPTY_BLOB}. */
export const EMPTY_DESCRIPTOR: Descriptor = {
  mediaType: MEDIA_TYPES.empty,
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" as Digest,
  size: 2,
};
