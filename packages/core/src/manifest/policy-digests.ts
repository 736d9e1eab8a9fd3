import { canonicalJson } from "../model/canonical-json.ts";
import { type Descriptor, MEDIA_TYPES } from "../model/descriptor.ts";
import { type Digest, digestOf } from "../model/digest.ts";
import type { EnvironmentConfig } from "./manifest.ts";

/** A resolved policy as it is stored beside what it decided. */
export interface PolicyDocument {
  readonly descriptor: Descriptor;
  /** Canonical JSON. */
  readonly bytes: Uint8Array;
}

/** What an environment requires, as a document: {@link policyDigest} is the digest of its bytes. */
export function policyDocument(
  environment: Pick<EnvironmentConfig, "requirements">,
): PolicyDocument {
  const bytes = new TextEncoder().encode(canonicalJson(environment.requirements));
  const descriptor = {
    mediaType: MEDIA_TYPES.policy,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  return { descriptor, bytes };
}

/** Digest over what an environment requires; approvals and plans are bound to it. */
export function policyDigest(environment: Pick<EnvironmentConfig, "requirements">): Digest {
  return digestOf(canonicalJson(environment.requirements));
}

// Every event of a ledger is compared with it, and it grows with the identities.
const authorityDigests = new WeakMap<object, Digest>();

/** Digest over who may do what in an environment: identities, groups, authorization and overrides. */
export function authorityDigest({ authority }: Pick<EnvironmentConfig, "authority">): Digest {
  const known = authorityDigests.get(authority);
  if (known !== undefined) return known;
  const digest = digestOf(canonicalJson(authority));
  authorityDigests.set(authority, digest);
  return digest;
}
