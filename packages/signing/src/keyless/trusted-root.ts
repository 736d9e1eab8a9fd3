import { TrustedRoot } from "@sigstore/protobuf-specs";
import { type TrustMaterial, toTrustMaterial } from "@sigstore/verify";
import { isRecord } from "../encoding/json-object.ts";

/** A trusted root that can be verified by. */
export interface ParsedTrustedRoot {
  readonly material: TrustMaterial;
  /** Since when its newest part is valid. */
  readonly newestPart: Date;
}

/** Versions of the format (sigstore protobuf-specs, `sigstore_trustroot.proto`). */
const MEDIA_TYPES: ReadonlySet<unknown> = new Set([
  "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
  "application/vnd.dev.sigstore.trustedroot.v0.1+json",
  "application/vnd.dev.sigstore.trustedroot.v0.2+json",
]);

/**
 * Parses a trusted root. Refused with a reason as text: what is not one, and a log or authority that does not say from when
 * on it counts, because it would then count always. Never throws.
 */
export function parseTrustedRoot(
  bytes: Uint8Array,
): { readonly ok: true; readonly root: ParsedTrustedRoot } | { ok: false; reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, reason: "it is not JSON" };
  }
  if (!isRecord(json) || !MEDIA_TYPES.has(json["mediaType"]))
    return { ok: false, reason: "it is not a trusted root of sigstore (trusted_root.json)" };
  try {
    const root = TrustedRoot.fromJSON(json);
    const logs = [...root.tlogs, ...root.ctlogs].map((log) => log.publicKey?.validFor?.start);
    const authorities = [...root.certificateAuthorities, ...root.timestampAuthorities];
    const starts = [...logs, ...authorities.map((authority) => authority.validFor?.start)];
    if (!starts.every((start) => start !== undefined && !Number.isNaN(start.getTime())))
      return {
        ok: false,
        reason: "a log or authority in it does not say from when on it is valid (validFor.start)",
      };
    if (root.certificateAuthorities.length === 0)
      return { ok: false, reason: "there is no certificate authority in it" };
    const material = toTrustMaterial(root);
    const newest = Math.max(...starts.map((start) => start?.getTime() ?? 0));
    return { ok: true, root: { material, newestPart: new Date(newest) } };
  } catch {
    return { ok: false, reason: "a key or certificate in it cannot be read" };
  }
}
