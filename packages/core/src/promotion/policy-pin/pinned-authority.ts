import { z } from "zod";
import { isFloeError } from "../../errors/index.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { authorityDocument } from "../../manifest/policy-digests.ts";
import { MEDIA_TYPES } from "../../model/descriptor.ts";
import type { Digest } from "../../model/digest.ts";
import { type Authorization, authorize, isSigner, isValidAt } from "../../model/identity.ts";
import type { ArtifactStore, CallOptions, ProvenSigner, TrustedSigner } from "../../ports/index.ts";
import { type Pin, tagOfPin } from "./pin-policy.ts";

const Time = z.iso.datetime({ offset: false });
const Names = z.array(z.string()).default([]);

const Member = z.looseObject({
  /** `sha256:` over the SPKI DER. */
  key: z.string().optional(),
  issuer: z.string().optional(),
  subject: z.string().optional(),
  subject_pattern: z.string().optional(),
  valid_from: Time.optional(),
  valid_until: Time.optional(),
  revoked_at: Time.optional(),
});
type Member = z.infer<typeof Member>;

/** Who might do what by a manifest that is not this one. */
const Authority = z.looseObject({
  identities: z.record(z.string(), Member),
  groups: z.record(z.string(), z.array(z.string())),
  authorization: z.looseObject({ allowed_groups: Names, allowed_operators: Names }),
});
type Authority = z.infer<typeof Authority>;

/**
 * Judges whether a signer might act in an environment by the authority that it is pinned to, not by the manifest's own. What
 * is read is believed because it has the digest that is pinned; `null`: it is not there to be read.
 */
export async function authorizeByPin(
  signer: ProvenSigner,
  environment: EnvironmentConfig,
  pin: Pin,
  store: ArtifactStore,
  options: CallOptions,
): Promise<Authorization | null> {
  const authority = await readAuthority(environment, pin, store, options);
  if (!authority) return null;
  const at = store.now();
  const matches = Object.entries(authority.identities).filter(
    ([name, member]) => isMember(name, member, signer) && isValidAt(validityOf(member), at),
  );
  // Somebody who is named is nobody of a pattern.
  const found =
    matches.find(([, { subject_pattern: pattern }]) => pattern === undefined) ?? matches[0];
  const { allowed_groups: allowedGroups, allowed_operators: allowedOperators } =
    authority.authorization;
  return authorize(
    found?.[0] ?? null,
    { name: environment.name, authorization: { allowedGroups, allowedOperators } },
    authority,
  );
}

async function readAuthority(
  environment: EnvironmentConfig,
  pin: Pin,
  store: ArtifactStore,
  options: CallOptions,
): Promise<Authority | null> {
  const today = authorityDocument(environment);
  if (today.descriptor.digest === pin.authority_digest) return parseAuthority(today.bytes);
  const manifest = await store.getManifest(tagOfPin(environment.name, pin), options);
  const size = manifest && sizeOf(manifest.bytes, pin.authority_digest);
  if (size === null || !(await store.hasBlob(pin.authority_digest, options))) return null;
  const descriptor = { mediaType: MEDIA_TYPES.authority, digest: pin.authority_digest, size };
  try {
    return parseAuthority(await store.getBlob(descriptor, options));
  } catch (cause) {
    // Bytes of another digest are what was pinned just as little as none.
    if (isFloeError(cause, "FLOE_DIGEST_MISMATCH")) return null;
    throw cause;
  }
}

function sizeOf(manifest: Uint8Array, authority: Digest): number | null {
  const parsed = parseJson(manifest) as { layers?: { digest?: unknown; size?: unknown }[] } | null;
  const layer = parsed?.layers?.[0];
  return layer?.digest === authority && typeof layer.size === "number" ? layer.size : null;
}

function parseAuthority(bytes: Uint8Array): Authority | null {
  const read = Authority.safeParse(parseJson(bytes));
  return read.success ? read.data : null;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

function isMember(name: string, member: Member, signer: ProvenSigner): boolean {
  if (member.key !== undefined) return signer.method === "key" && signer.keyId === member.key;
  const { issuer, subject, subject_pattern: subjectPattern } = member;
  if (issuer === undefined) return false;
  const trusted: TrustedSigner = {
    method: "keyless",
    name,
    issuer,
    ...(subject === undefined ? {} : { subject }),
    ...(subjectPattern === undefined ? {} : { subjectPattern }),
  };
  return isSigner(trusted, signer);
}

function validityOf(member: Member): Parameters<typeof isValidAt>[0] {
  const date = (text: string | undefined): Date | null =>
    text === undefined ? null : new Date(text);
  return {
    validFrom: date(member.valid_from),
    validUntil: date(member.valid_until),
    revokedAt: date(member.revoked_at),
  };
}
