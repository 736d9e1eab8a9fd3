import { canonicalJson } from "../model/canonical-json.ts";
import { type Descriptor, MEDIA_TYPES } from "../model/descriptor.ts";
import { type Digest, digestOf } from "../model/digest.ts";
import type { EnvironmentConfig } from "./manifest.ts";

/** A resolved part of a manifest as it is stored beside what it decided. */
export interface PolicyDocument {
  readonly descriptor: Descriptor;
  /** Canonical JSON. */
  readonly bytes: Uint8Array;
}

/** What an environment requires, as a document: {@link policyDigest} is the digest of its bytes. */
export function policyDocument(
  environment: Pick<EnvironmentConfig, "requirements">,
): PolicyDocument {
  return documentOf(environment.requirements, MEDIA_TYPES.policy);
}

/** Who may do what in an environment, as a document: {@link authorityDigest} is the digest of its bytes. */
export function authorityDocument(
  environment: Pick<EnvironmentConfig, "authority">,
): PolicyDocument {
  return documentOf(environment.authority, MEDIA_TYPES.authority);
}

function documentOf(content: unknown, mediaType: string): PolicyDocument {
  const bytes = new TextEncoder().encode(canonicalJson(content));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}

// Every event of a ledger is compared with them, and they grow with the manifest.
const digests = new WeakMap<object, Digest>();

function digestOfContent(content: object): Digest {
  const known = digests.get(content);
  if (known !== undefined) return known;
  const digest = digestOf(canonicalJson(content));
  digests.set(content, digest);
  return digest;
}

/** Digest over what an environment requires; approvals and plans are bound to it. */
export function policyDigest(environment: Pick<EnvironmentConfig, "requirements">): Digest {
  return digestOfContent(environment.requirements);
}

/** Digest over who may do what in an environment: identities, groups, authorization and overrides. */
export function authorityDigest({ authority }: Pick<EnvironmentConfig, "authority">): Digest {
  return digestOfContent(authority);
}
