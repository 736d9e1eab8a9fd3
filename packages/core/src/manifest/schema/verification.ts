import * as z from "zod";
import { Enforcement, Name, Ref, Timestamp, Url } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";

const TrustedIssuer = strictMap({
  issuer: Url,
  subject: z.string().min(1).max(2048).optional(),
  subject_pattern: z.string().min(1).max(2048).optional(),
  subject_regex: z.string().min(1).max(500).optional(),
});

const PublicKey = z.union([Ref, strictMap({ ref: Ref, retired_at: Timestamp.optional() })], {
  error: "expected a reference to a key, or a map with ref and retired_at",
});

const PublicKeys = z.union([...PublicKey.options, z.array(PublicKey)], {
  error: "expected a reference to a key, a map with ref and retired_at, or a list of these",
});

/** One entry of `require`. */
export const Requirement = strictMap({
  type: z
    .string()
    .min(1)
    .max(2048)
    .meta({ description: "signature, sbom or the URI of a predicate type" }),
  signers: z
    .array(Name)
    .min(1)
    .optional()
    .meta({ description: "identities and groups; default public_key_ref and trusted_issuers" }),
  threshold: z.int().min(1).max(100).optional().meta({ description: "how many distinct signers" }),
});
export type Requirement = z.infer<typeof Requirement>;

const common = {
  enforcement: Enforcement.optional(),
  trusted_issuers: z.array(TrustedIssuer).optional(),
  public_key_ref: PublicKeys.optional(),
  require: z.array(Requirement).max(50).optional(),
  require_rekor: z.boolean().optional(),
  require_sbom: z.boolean().optional(),
  grace_period_days: z.int().min(0).max(90).optional(),
  formats: z
    .array(z.enum(["bundle", "legacy"]))
    .min(1)
    .optional(),
};

/** One entry of `artifacts.verification.environments`. */
export const EnvironmentVerification = strictMap({
  ...common,
  require_promotion_from: z.string().optional(),
});
export type EnvironmentVerification = z.infer<typeof EnvironmentVerification>;

/** `artifacts.verification`. */
export const Verification = strictMap({
  enabled: z.boolean().optional(),
  ...common,
  trust_root: z
    .union(
      [
        z.literal("embedded"),
        strictMap({
          tuf: Url.optional(),
          root: z.string().min(1).max(4096).optional(),
          file: z.string().min(1).max(4096).optional(),
          cache: z.string().min(1).max(4096).optional(),
        }),
      ],
      { error: "expected { tuf: default }, { tuf: URL, root: FILE }, { file: FILE } or embedded" },
    )
    .optional(),
  environments: z.record(z.string(), EnvironmentVerification).optional(),
});
export type Verification = z.infer<typeof Verification>;
