import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, digestOf } from "../model/digest.ts";
import type { EnvironmentConfig } from "./manifest.ts";

/** Digest over what an environment requires; approvals and plans are bound to it. */
export function policyDigest(environment: Pick<EnvironmentConfig, "requirements">): Digest {
  return digestOf(canonicalJson(environment.requirements));
}

/** Digest over who may do what in an environment: identities, groups, authorization and overrides. */
export function authorityDigest(environment: Pick<EnvironmentConfig, "authority">): Digest {
  return digestOf(canonicalJson(environment.authority));
}
