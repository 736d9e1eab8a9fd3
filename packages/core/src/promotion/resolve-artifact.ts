import type { GateSubject } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { RawManifest } from "../model/descriptor.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { classifyTag, parseVersion, type TagRules } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { nearNames } from "./near-names.ts";

/** An artifact under a version tag, resolved once; every later step uses these bytes and this digest. */
export interface ResolvedArtifact {
  readonly version: string;
  /** `repository@digest`. */
  readonly reference: string;
  readonly manifest: RawManifest;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The tag rules that a manifest sets. */
export function tagRules(manifest: Manifest): TagRules {
  return {
    environments: manifest.environments.map((environment) => environment.name),
    versionPattern: manifest.tags.versionPattern ?? undefined,
    mutable: manifest.tags.mutable,
  };
}

/** Takes `v1.2.3` or `v1.2.3@sha256:…` apart, before anything is asked of a registry. */
export function parseVersionArgument(
  argument: string,
  manifest: Manifest,
): { readonly version: string; readonly digest: Digest | null } {
  const at = argument.indexOf("@");
  const version = parseVersion(
    at < 0 ? argument : argument.slice(0, at),
    manifest.tags.versionPattern ?? undefined,
  );
  refuseOtherTags(version, manifest);
  return { version, digest: at < 0 ? null : parseDigest(argument.slice(at + 1)) };
}

// `v1.2.3-prod` has the form of a version too; read against the environments it is what prod was given.
function refuseOtherTags(version: string, manifest: Manifest): void {
  const read = classifyTag(version, tagRules(manifest));
  if (read.kind === "version" || read.kind === "mutable" || read.kind === "other") return;
  const [what, hint] =
    read.kind === "floe"
      ? ["one of floe's own tags", "Give the version that was published."]
      : read.kind === "latest"
        ? [`the tag of what ${read.environment} runs`, "Give the version itself."]
        : [`a tag of ${read.version} in ${read.environment}`, `Give the version: ${read.version}`];
  throw new FloeError({
    code: "FLOE_TAG_INVALID",
    message: `${JSON.stringify(version)} is ${what}, not a version`,
    hint,
  });
}

/**
 * Resolves a version tag to the artifact.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - with near names
 * @throws {FloeError} FLOE_VERSION_DIGEST_MISMATCH - `VERSION@DIGEST` and the tag holds another digest
 */
export async function resolveArtifact(
  store: ArtifactStore,
  manifest: Manifest,
  wanted: {
    readonly version: string;
    readonly digest: Digest | null;
    /** The tag to go by. Default: the version's own. */
    readonly tag?: string;
  },
  options: CallOptions,
): Promise<ResolvedArtifact> {
  const raw = await store.getManifest(wanted.tag ?? wanted.version, options);
  if (!raw) throw await notFound(store, manifest, wanted.version, options);
  if (wanted.digest !== null && raw.descriptor.digest !== wanted.digest) {
    throw new FloeError({
      code: "FLOE_VERSION_DIGEST_MISMATCH",
      message: `${wanted.tag ?? wanted.version} is ${raw.descriptor.digest}, not ${wanted.digest}`,
      hint: "Somebody moved the version tag, or the digest belongs to another version. Promote nothing before you know which.",
    });
  }
  return resolved(store, wanted.version, raw);
}

/** The artifact as it is, or is going to be, in another repository: the same bytes under the same digest. */
export function inRepository(
  artifact: ResolvedArtifact,
  { repository }: ArtifactStore,
): ResolvedArtifact {
  return { ...artifact, reference: `${repository}@${artifact.manifest.descriptor.digest}` };
}

/**
 * Reads an artifact that is known by its digest already.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the repository has lost it
 */
export async function readArtifact(
  store: ArtifactStore,
  { version, digest }: { readonly version: string; readonly digest: Digest },
  options: CallOptions,
): Promise<ResolvedArtifact> {
  const raw = await store.getManifest(digest, options);
  if (raw) return resolved(store, version, raw);
  throw new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${store.repository} has lost ${digest} (${version})`,
    hint: "Push the artifact again from a copy: same bytes, same digest.",
    details: { version, digest },
  });
}

function resolved(store: ArtifactStore, version: string, raw: RawManifest): ResolvedArtifact {
  return {
    version,
    reference: `${store.repository}@${raw.descriptor.digest}`,
    manifest: raw,
    ...describe(raw),
  };
}

function describe(raw: RawManifest): Pick<ResolvedArtifact, "artifactType" | "annotations"> {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw.bytes));
  } catch {
    // A manifest that is not JSON is an artifact without annotations here; policy_compliance refuses it.
  }
  const { artifactType, annotations } = (parsed ?? {}) as {
    artifactType?: unknown;
    annotations?: unknown;
  };
  const entries =
    typeof annotations === "object" && annotations !== null ? Object.entries(annotations) : [];
  return {
    artifactType: typeof artifactType === "string" ? artifactType : null,
    annotations: Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
  };
}

async function notFound(
  store: ArtifactStore,
  manifest: Manifest,
  version: string,
  options: CallOptions,
): Promise<FloeError> {
  const rules = tagRules(manifest);
  const versions = (await store.listTags(options)).filter(
    (tag) => classifyTag(tag, rules).kind === "version",
  );
  const near = nearNames(version, versions);
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(", ")}?`
      : versions.length > 0
        ? `The repository has ${versions.length} version${versions.length === 1 ? "" : "s"}, for example ${versions.sort().slice(-3).join(", ")}.`
        : "The repository has no versions yet: push one with floe artifact push.";
  return new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${store.repository} has no version ${version}`,
    hint,
    details: { version, near },
  });
}

/** The artifact as gates see it. */
export function gateArtifact(artifact: ResolvedArtifact): GateSubject["artifact"] {
  return {
    reference: artifact.reference,
    digest: artifact.manifest.descriptor.digest,
    mediaType: artifact.manifest.descriptor.mediaType,
    ...(artifact.artifactType === null ? {} : { artifactType: artifact.artifactType }),
    size: artifact.manifest.descriptor.size,
    version: artifact.version,
    annotations: artifact.annotations,
    manifest: artifact.manifest.bytes,
  };
}
