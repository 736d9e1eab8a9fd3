import {
  type ArtifactStore,
  FloeError,
  type Manifest,
  parseVersionArgument,
  tagRules,
} from "@floe/core";
import { classifyTag, type Digest } from "@floe/core/model";

/** What `platform verify` names: where to look, and what for. */
export interface VerifyTarget {
  /** The repository that the reference or `--registry` names; `null`: the manifest's. */
  readonly registry: string | null;
  /** A version, another tag, or `null`. */
  readonly tag: string | null;
  readonly digest: Digest | null;
}

/**
 * Takes a version or reference apart, before anything is asked of a registry.
 * @throws {FloeError} FLOE_USAGE_INVALID - a full reference and `--registry`, or an archive
 * @throws {FloeError} FLOE_REFERENCE_INVALID - it cannot be parsed
 */
export async function parseVerifyTarget(
  argument: string | undefined,
  registry: string | undefined,
): Promise<VerifyTarget> {
  const place = registry ?? null;
  if (argument === undefined) return { registry: place, tag: null, digest: null };
  const { parseReference } = await import("@floe/oci");
  const at = argument.indexOf("@");
  // VERSION@DIGEST has the form of no reference.
  if (at > 0 && !/[/]|^oci-/.test(argument)) {
    const pinned = parseReference(argument.slice(at + 1));
    if (pinned.kind !== "digest") throw usage(`${argument} has no digest after its @`);
    return { registry: place, tag: argument.slice(0, at), digest: pinned.digest };
  }
  const named = parseReference(argument);
  if (named.kind === "tag") return { registry: place, tag: named.tag, digest: null };
  if (named.kind === "digest") return { registry: place, tag: null, digest: named.digest };
  if (named.kind === "archive")
    throw usage("an archive cannot be verified in place; unpack it: floe artifact copy");
  if (place !== null) throw usage("both a full reference and --registry are given");
  const where =
    named.kind === "registry"
      ? `oci://${named.host}/${named.repository}`
      : `oci-layout:${named.path}`;
  return { registry: where, tag: named.tag, digest: named.digest };
}

/**
 * Says which version or digest a target means. Versions are left to the ledger; any other tag is what it holds.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - there is no such tag
 */
export async function resolveVerifyTarget(
  { tag, digest }: VerifyTarget,
  store: ArtifactStore,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<{ readonly version?: string; readonly digest?: Digest }> {
  const exact = digest === null ? {} : { digest };
  if (tag === null) return exact;
  const { kind } = classifyTag(tag, tagRules(manifest));
  if (kind === "version") return { version: parseVersionArgument(tag, manifest).version, ...exact };
  if (digest !== null) return exact;
  const found = await store.resolve(tag, { signal });
  if (found) return { digest: found.digest };
  throw new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${store.repository} has no ${tag}`,
    hint: "See what is there: floe artifact list",
    details: { reference: tag },
  });
}

function usage(message: string): FloeError {
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message,
    hint: "Give a version, a digest, or a reference: oci://host/repo:tag, oci-layout:DIR@sha256:…",
  });
}
