import { generateKeyPairSync, sign } from "node:crypto";
import type { ArtifactStore } from "@floe/core";
import {
  type Digest,
  digestOf,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
  type RawManifest,
} from "@floe/core/model";
import {
  attachStatement,
  COSIGN_SIGN_PREDICATE_TYPE,
  createKeySigner,
  MAX_BUNDLE_BYTES,
  writeStatement,
} from "@floe/signing";
import { go } from "../bed/a-project.ts";

type Signer = ReturnType<typeof createKeySigner>;

/** What is attached to an artifact by somebody who can push, and nothing else. */
export interface Planting {
  readonly store: ArtifactStore;
  readonly artifact: RawManifest;
  /** Whom the policy trusts. */
  readonly trusted: Signer;
  /** The same key for what floe cannot sign itself. */
  readonly trustedKey: ReturnType<typeof newKey>["privateKey"];
}

const SIGN = COSIGN_SIGN_PREDICATE_TYPE;

export function newKey() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** Attaches a statement; every call has content of its own. */
export async function attach(
  { store, artifact }: Pick<Planting, "store" | "artifact">,
  by: Signer,
  about: {
    readonly type?: string;
    readonly annotation?: string;
    readonly subject?: Digest;
    readonly n?: number;
  } = {},
) {
  const { type = SIGN, annotation = type, subject = artifact.descriptor.digest, n = 0 } = about;
  const statement = writeStatement({ subject, predicateType: type });
  return await attachStatement(
    {
      ...{ store, predicateType: annotation, subject: artifact },
      content: { statement, signer: by },
      annotations: { n: `${n}` },
    },
    go,
  );
}

async function attachBytes({ store, artifact }: Planting, bundle: Uint8Array): Promise<void> {
  await attachStatement({ store, subject: artifact, predicateType: SIGN, content: { bundle } }, go);
}

/** A good bundle of the artifact, not attached. */
async function goodBundle({ artifact, trusted }: Planting): Promise<Uint8Array> {
  const subject = artifact.descriptor.digest;
  return await trusted.sign(writeStatement({ subject, predicateType: SIGN }), go);
}

async function plain({ store, artifact }: Planting, artifactType: string): Promise<void> {
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    subject: artifact.descriptor,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await store.attach({ bytes, mediaType: MEDIA_TYPES.ociManifest }, go);
}

/** Signs as cosign 2 did, under its tag. */
export async function legacySignature({ store, artifact, trustedKey }: Planting): Promise<void> {
  const { digest } = artifact.descriptor;
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": "acme/app" },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: {},
    }),
  );
  const layer = {
    mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
    digest: digestOf(payload),
    size: payload.byteLength,
  };
  await store.putBlob(layer, payload, go);
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
  const signature = sign("sha256", payload, trustedKey).toString("base64");
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: EMPTY_DESCRIPTOR,
    layers: [{ ...layer, annotations: { "dev.cosignproject.cosign/signature": signature } }],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const tag = `${digest.replace(":", "-")}.sig`;
  await store.createTag(tag, { bytes, mediaType: MEDIA_TYPES.ociManifest }, go);
}

const stranger = createKeySigner({ privateKey: newKey().privateKey });

/** A refusal: how it comes about, and the code of the candidate that says why (`null`: there is no candidate). */
export interface Refusal {
  readonly name: string;
  readonly plant: (planting: Planting) => Promise<unknown>;
  readonly code: string | null;
  readonly status: "invalid" | "unsigned";
}

/** Everything that must not pass for a signature. */
export const REFUSALS: readonly Refusal[] = [
  { name: "nothing at all", plant: async () => {}, code: null, status: "unsigned" },
  {
    name: "a bundle that was moved here from another digest",
    plant: async (here) => {
      const subject = digestOf("another artifact");
      const statement = writeStatement({ subject, predicateType: SIGN });
      await attachBytes(here, await here.trusted.sign(statement, go));
    },
    code: "SUBJECT_MISMATCH",
    status: "invalid",
  },
  {
    name: "an annotation that calls an attestation a signature",
    plant: async (here) =>
      await attach(here, here.trusted, { type: "https://spdx.dev/Document", annotation: SIGN }),
    code: "WRONG_PREDICATE_TYPE",
    status: "invalid",
  },
  {
    name: "an attestation by the right key",
    plant: async (here) => await attach(here, here.trusted, { type: "https://spdx.dev/Document" }),
    code: null,
    status: "unsigned",
  },
  {
    name: "a promotion record by the right key",
    plant: async (here) =>
      await attach(here, here.trusted, { type: "https://floe.dev/attestation/promotion/v1" }),
    code: null,
    status: "unsigned",
  },
  {
    name: "a signature by another key",
    plant: async (here) => await attach(here, stranger),
    code: "WRONG_KEY",
    status: "invalid",
  },
  {
    name: "a legacy signature by the right key where the format is not listed",
    plant: legacySignature,
    code: "UNSUPPORTED_FORMAT",
    status: "invalid",
  },
  {
    name: "a truncated bundle",
    plant: async (here) => await attachBytes(here, (await goodBundle(here)).subarray(0, 300)),
    code: "MALFORMED_BUNDLE",
    status: "invalid",
  },
  {
    name: "an oversized bundle",
    plant: async (here) => {
      const padded = Buffer.alloc(MAX_BUNDLE_BYTES + 1, " ");
      padded.set(await goodBundle(here));
      await attachBytes(here, padded);
    },
    code: "LIMIT_EXCEEDED",
    status: "invalid",
  },
  {
    name: "a bundle with one bit of its payload changed",
    plant: async (here) => {
      const json = JSON.parse(new TextDecoder().decode(await goodBundle(here))) as {
        dsseEnvelope: { payload: string };
      };
      const payload = Buffer.from(json.dsseEnvelope.payload, "base64").toString();
      const changed = payload.replace('"predicate":{}', '"predicate":{ }');
      json.dsseEnvelope.payload = Buffer.from(changed).toString("base64");
      await attachBytes(here, Buffer.from(JSON.stringify(json)));
    },
    code: "WRONG_KEY",
    status: "invalid",
  },
  {
    name: "a Notary Project signature",
    plant: async (here) => await plain(here, "application/vnd.cncf.notary.signature"),
    code: "UNSUPPORTED_FORMAT",
    status: "invalid",
  },
  {
    name: "a file that somebody attached",
    plant: async (here) => await plain(here, "application/spdx+json"),
    code: null,
    status: "unsigned",
  },
];

/** Thirty things of all kinds that are no signature, so that a good one has to be found among them. */
export async function junk(here: Planting): Promise<void> {
  for (let n = 1; n <= 10; n += 1) {
    await attach(here, stranger, { n });
    await attach(here, here.trusted, { subject: digestOf("another artifact"), n });
    await attach(here, here.trusted, { type: "https://spdx.dev/Document", annotation: SIGN, n });
  }
}
