import * as z from "zod";
import { Groups, Identities } from "./identities.ts";
import { Promotion } from "./promotion.ts";
import { Registry, SecondaryRegistry } from "./registry.ts";
import { Ref, Text, Url } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";
import { Verification } from "./verification.ts";

const Signing = strictMap({
  mode: z.union([z.enum(["key-based", "keyless", "off", "disabled"]), z.literal(false)]).optional(),
  private_key_ref: Ref.optional(),
  password_ref: Ref.optional(),
  oidc_issuer: Url.optional(),
  fulcio_url: Url.optional(),
  rekor_url: Url.optional(),
  tsa_url: Url.optional(),
  oidc_client_id: z.string().min(1).max(200).optional(),
});
export type Signing = z.infer<typeof Signing>;

const Artifacts = strictMap({
  registry: Registry.optional(),
  tags: strictMap({
    version_pattern: z.string().min(1).max(500).nullable().optional(),
    mutable: z.array(Text).optional(),
  }).optional(),
  secondary_registries: z.array(SecondaryRegistry).optional(),
  signing: Signing.optional(),
  verification: Verification.optional(),
  promotion: Promotion.optional(),
});

const PackageName = z
  .string()
  .regex(
    /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/,
    "not the name of a package, such as floe-plugin-acme or @acme/floe-plugin",
  );
const PackagePattern = z
  .string()
  .regex(
    /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9*~-][a-z0-9*._~-]*$/,
    "not the name of a package nor a pattern, such as @acme/*",
  );

/** A whole manifest file, with `extends` resolved. */
export const ManifestDocument = strictMap({
  apiVersion: z.literal("floe.dev/v1"),
  kind: z.literal("Manifest"),
  metadata: strictMap({
    name: z.string().min(1).max(200),
    version: z.string().min(1).max(128).optional(),
    owner: z.string().min(1).max(500).optional(),
  }),
  identities: Identities.optional(),
  groups: Groups.optional(),
  artifacts: Artifacts,
  plugins: strictMap({
    use: z.array(PackageName).optional(),
    allow: z.array(PackagePattern).optional(),
  }).optional(),
});
export type ManifestDocument = z.infer<typeof ManifestDocument>;
