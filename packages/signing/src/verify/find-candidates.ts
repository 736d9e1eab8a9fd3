import type { FloeError } from "@floe/core/errors";
import type { Digest, RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { type WalkedReferrer, walkReferrers } from "../attach/read-attached-bundles.ts";
import { legacyTag, readLegacy } from "../attach/read-legacy.ts";
import { COSIGN_SIGN_PREDICATE_TYPE } from "../statement/write-statement.ts";
import type { Candidate } from "./candidate.ts";
import type { Requirement } from "./requirement.ts";

/** What to look through. */
export interface CandidateSource {
  readonly store: ArtifactStore;
  readonly artifact: RawManifest;
  /** SHA-256 of the artifact's manifest bytes. */
  readonly digest: Digest;
  readonly requirements: readonly Requirement[];
  readonly formats: readonly ("bundle" | "legacy")[];
}

/** One step of {@link findCandidates}. */
export type Found =
  | { readonly candidate: Candidate; readonly error: FloeError | null }
  | { readonly omitted: number };

const PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";

/**
 * Finds what may meet a policy, the most promising first; the caller stops when it has enough. The legacy format is read
 * after everything else, and only when it is listed: never because something else failed.
 * @throws {FloeError} what the store throws when the registry is in trouble: then nothing is known
 */
export async function* findCandidates(
  source: CandidateSource,
  options: CallOptions,
): AsyncGenerator<Found> {
  const { store, artifact, requirements, formats } = source;
  if (formats.includes("bundle")) {
    const prefer = new Set(requirements.flatMap(({ predicateTypes }) => [...predicateTypes]));
    for await (const found of walkReferrers({ store, subject: artifact, prefer }, options))
      yield found.kind === "omitted" ? { omitted: found.count } : candidateOf(found);
  }
  if (formats.includes("legacy")) yield* legacyCandidates(source, options);
}

function candidateOf(found: Exclude<WalkedReferrer, { kind: "omitted" }>): Found {
  const referrer = found.referrer.digest;
  const claims = found.referrer.annotations?.[PREDICATE_TYPE] ?? null;
  switch (found.kind) {
    case "bundle": {
      const claimed = found.annotations[PREDICATE_TYPE] ?? claims;
      return read({ kind: "bundle", referrer, claims: claimed, bundle: found.bundle });
    }
    case "other":
      return read({ kind: "plain", referrer, artifactType: found.artifactType });
    case "broken":
      return read({ kind: "refused", referrer, claims, code: found.code, reason: found.reason });
    case "unread": {
      const reason = found.error.message;
      return { candidate: { kind: "unread", referrer, claims, reason }, error: found.error };
    }
  }
}

async function* legacyCandidates(
  { store, digest, requirements }: CandidateSource,
  options: CallOptions,
): AsyncGenerator<Found> {
  const types = new Set(requirements.flatMap(({ predicateTypes }) => [...predicateTypes]));
  const isSignature = types.delete(COSIGN_SIGN_PREDICATE_TYPE);
  const suffixes = [
    ...(isSignature ? ["sig" as const] : []),
    ...(types.size > 0 ? ["att" as const] : []),
  ];
  for (const suffix of suffixes) {
    const tag = await readLegacy(store, digest, suffix, options);
    if (tag === null) continue;
    const { referrer } = tag;
    for (const layer of tag.layers) {
      if (layer.kind === "simple-signing") yield read({ ...layer, referrer });
      else if (layer.kind === "bundle") yield read({ ...layer, referrer, claims: null });
      else {
        const claims = suffix === "sig" ? COSIGN_SIGN_PREDICATE_TYPE : null;
        yield read({ ...layer, referrer, claims, reason: `${tag.tag}: ${layer.reason}` });
      }
    }
  }
}

/**
 * Looks whether there is a signature in the legacy format where that is not accepted, so that the refusal can say so.
 * `null` also when nobody can tell: nothing depends on it.
 */
export async function findUnlistedLegacy(
  { store, digest, formats }: CandidateSource,
  options: CallOptions,
): Promise<Candidate | null> {
  if (formats.includes("legacy")) return null;
  const tagged = await store.resolve(legacyTag(digest, "sig"), options).catch(() => null);
  options.signal.throwIfAborted();
  if (tagged === null) return null;
  return {
    kind: "refused",
    referrer: tagged.digest,
    claims: COSIGN_SIGN_PREDICATE_TYPE,
    code: "UNSUPPORTED_FORMAT",
    reason: "a signature of the legacy format, which verification.formats does not list",
  };
}

function read(candidate: Candidate): Found {
  return { candidate, error: null };
}
