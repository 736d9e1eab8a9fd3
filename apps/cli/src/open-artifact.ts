import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  type ArtifactStore,
  FloeError,
  isFloeError,
  type Logger,
  type Manifest,
  nearNames,
  type RawManifest,
  type RegistryConfig,
  tagRules,
} from "@floe/core";
import {
  classifyTag,
  type Digest,
  isInternalTag,
  isMutableTag,
  isTag,
  type TagKind,
  type TagRules,
} from "@floe/core/model";
import { openStore } from "./open-store.ts";
import type { CommandTelemetry } from "./open-telemetry.ts";
import { registriesOf } from "./registries-of.ts";

/** What an artifact command names: a reference, or `-r URI -t TAG`. */
export interface ArtifactTarget extends AsyncDisposable {
  readonly store: ArtifactStore;
  /** Tag or digest; `null` where only the repository was named. */
  readonly reference: string | null;
  readonly tag: string | null;
  /** How tags are read: by the manifest's environments where there is a manifest. */
  readonly rules: TagRules;
  readonly manifest: Manifest | null;
  /** Keeps what was written where that is not done by writing: an archive is replaced as a whole. */
  save(): Promise<void>;
}

/** What the command line gives to {@link openArtifact}. */
export interface ArtifactInput {
  readonly reference: string | undefined;
  readonly registry: string | undefined;
  readonly tag: string | undefined;
  readonly manifestPath: string | undefined;
  readonly insecure?: boolean;
  /** Archives may be written. Default `false`. */
  readonly writesArchive?: boolean;
  /** The manifest, when somebody has looked for it already; `null`: there is none. */
  readonly nearest?: Manifest | null;
  /** Is told what a registry warns of. */
  readonly logger: Pick<Logger, "warn">;
  readonly telemetry: CommandTelemetry;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Says whether a reference is a tag or digest alone, which is looked for in the manifest's registry or in --registry. */
export function isBare(reference: string): boolean {
  return !reference.includes("/") && !/^oci[a-z-]*:/.test(reference);
}

/**
 * Opens the repository that a reference names. A bare tag or digest is looked for in the manifest's registry.
 * @throws {FloeError} FLOE_USAGE_INVALID - neither a reference nor a registry, or both
 * @throws {FloeError} FLOE_REFERENCE_INVALID - the reference cannot be parsed
 */
export async function openArtifact(input: ArtifactInput): Promise<ArtifactTarget> {
  const { parseReference } = await import("@floe/oci/reference");
  const manifest = input.nearest === undefined ? await nearestManifest(input) : input.nearest;
  const rules = manifest ? tagRules(manifest) : { environments: [] };
  const text = input.reference;
  const named = text === undefined ? null : parseReference(text);
  if (named && named.kind !== "tag" && named.kind !== "digest") {
    if (input.registry !== undefined)
      throw usage(`both a full reference and --registry are given`, "Give one of them.");
    const tag = input.tag ?? named.tag;
    if (named.kind === "archive") {
      const { signal } = input;
      const path = resolve(input.cwd, named.path);
      const { openArchiveStore } = await import("@floe/oci");
      const writable = input.writesArchive ?? false;
      const store = await openArchiveStore(
        { path, uriAsWritten: named.path, writable },
        { signal },
      );
      return {
        ...{ store, reference: named.digest ?? tag, tag, rules, manifest },
        save: async () => await store.save({ signal }),
        ...disposing(store),
      };
    }
    const uri =
      named.kind === "registry"
        ? `oci://${named.host}/${named.repository}`
        : `oci-layout:${named.path}`;
    const store = await openStore(
      configFor(uri, manifest, input),
      input.env,
      input.logger,
      input.telemetry,
    );
    return {
      ...{ store, reference: named.digest ?? tag, tag, rules, manifest },
      save: nothing,
      ...disposing(store),
    };
  }
  const config =
    input.registry === undefined ? manifest?.registry : configFor(input.registry, manifest, input);
  if (!config) {
    throw usage(
      "no repository is named",
      "Give a full reference (oci://host/repo:tag), -r URI, or run floe where a manifest is.",
    );
  }
  const store = await openStore(config, input.env, input.logger, input.telemetry);
  const bare = named?.kind === "tag" ? named.tag : null;
  const digest = named?.kind === "digest" ? named.digest : null;
  return {
    store,
    reference: digest ?? bare ?? input.tag ?? null,
    tag: bare ?? input.tag ?? null,
    rules,
    manifest,
    save: nothing,
    ...disposing(store),
  };
}

const nothing = (): Promise<void> => Promise.resolve();

function disposing(store: ArtifactStore): AsyncDisposable {
  return { [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose]?.() };
}

/**
 * Loads the manifest that was named, or the nearest one; `null` when there is none, which is fine for artifacts.
 * @throws {FloeError} FLOE_MANIFEST_NOT_FOUND - one was named and is not there
 */
export async function nearestManifest(
  input: Pick<ArtifactInput, "manifestPath" | "env" | "cwd" | "version" | "signal">,
): Promise<Manifest | null> {
  // Reading manifests takes most of a short command's time, and where there is none nothing has to be loaded for it.
  if (input.manifestPath === undefined && !isProject(input.cwd)) return null;
  try {
    const { loadProject } = await import("./compose.ts");
    const project = { ...input, registry: undefined, installed: [], withoutGates: true };
    return (await loadProject(project)).manifest;
  } catch (cause) {
    // Artifact commands work without a manifest; one that was named, or that is wrong, is an error all the same.
    if (input.manifestPath === undefined && isFloeError(cause, "FLOE_MANIFEST_NOT_FOUND"))
      return null;
    throw cause;
  }
}

/** Whether a folder, or one above it, has something under the name of a manifest. */
function isProject(cwd: string): boolean {
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    if (existsSync(join(dir, "manifest.yaml"))) return true;
    if (dir === dirname(dir)) return false;
  }
}

/** The configuration of a repository that a manifest does not describe: defaults, and the user's own credentials. */
function configFor(
  uri: string,
  manifest: Manifest | null,
  input: Pick<ArtifactInput, "cwd" | "insecure">,
): RegistryConfig {
  const named = (manifest ? registriesOf(manifest) : []).find(
    (registry) => uri === registry.uri || uri === registry.uriAsWritten,
  );
  if (named) return named;
  const layout = uri.startsWith("oci-layout:");
  const absolute = layout
    ? `oci-layout:${resolve(input.cwd, uri.slice("oci-layout:".length))}`
    : uri;
  const full = layout || uri.startsWith("oci://") ? absolute : `oci://${uri}`;
  return {
    uri: full,
    uriAsWritten: uri,
    auth: { type: "auto", credentialsRef: null },
    tlsVerify: true,
    insecure: input.insecure ?? false,
    retry: {
      maxAttempts: 3,
      initialDelayMs: 1000,
      backoffMultiplier: 2,
      maxDelayMs: 30_000,
      jitter: true,
    },
  };
}

/**
 * Fetches what a target names.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - no such tag or digest
 */
export async function fetchManifest(
  target: ArtifactTarget,
  signal: AbortSignal,
): Promise<RawManifest> {
  const { reference, store } = target;
  if (reference === null)
    throw usage("no tag or digest is named", "Give a reference with a tag, or -t TAG.");
  const found = await store.getManifest(reference, { signal });
  if (found) return found;
  // That it is not there is certain; what is like it is a help, and no reason for another error.
  const tags = await store.listTags({ signal }).catch(() => []);
  const near = nearNames(
    reference,
    tags.filter((tag) => !isInternalTag(tag)),
  );
  throw new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${store.repository} has no ${reference}`,
    hint:
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : "See what is there: floe artifact list",
    details: { reference, near },
  });
}

/**
 * Refuses a tag that no artifact command may write.
 * @throws {FloeError} FLOE_TAG_INVALID - outside the grammar
 * @throws {FloeError} FLOE_TAG_RESERVED - the tag belongs to promotions or to floe's own data
 */
export function checkArtifactTag(tag: string, rules: TagRules): void {
  if (!isTag(tag)) {
    throw new FloeError({
      code: "FLOE_TAG_INVALID",
      message: `${JSON.stringify(tag.slice(0, 140))} is not a tag`,
      hint: "A tag has letters, digits, dots, underscores and hyphens, at most 128 of them.",
    });
  }
  const { kind } = classifyTag(tag, rules);
  if (!isReserved(kind)) return;
  throw new FloeError({
    code: "FLOE_TAG_RESERVED",
    message:
      kind === "floe"
        ? `${tag} is one of the tags that floe keeps its own data under`
        : `${tag} is a tag that only promotions write`,
    hint:
      kind === "floe"
        ? "Tags that begin with floe- or sha256- hold records and what is attached. Use another one."
        : "Promote the version instead: floe promote VERSION --to ENV",
    details: { tag },
  });
}

/** Says whether tags of a kind are written by promotions only, or are floe's own. */
export function isReserved(kind: TagKind["kind"]): boolean {
  return kind === "environment" || kind === "latest" || kind === "rollback" || kind === "floe";
}

/**
 * Puts a manifest under a tag: immutable tags are created once, mutable ones are moved.
 * @throws {FloeError} FLOE_TAG_RESERVED - the tag belongs to promotions or to floe's own data
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - the tag holds another digest
 */
export async function writeTag(
  target: ArtifactTarget,
  tag: string,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  signal: AbortSignal,
): Promise<void> {
  const { rules, store } = target;
  checkArtifactTag(tag, rules);
  if (isMutableTag(tag, rules)) {
    await store.moveTag(tag, manifest, { signal });
    return;
  }
  const result = await store.createTag(tag, manifest, { signal });
  if (result.status === "taken") throw taken(tag, result.digest);
}

/** Looks ahead which digest a tag holds for good; `null`: it is free, or may be moved. */
export async function heldBy(
  { rules, store }: ArtifactTarget,
  tag: string,
  signal: AbortSignal,
): Promise<Digest | null> {
  if (isMutableTag(tag, rules)) return null;
  return (await store.resolve(tag, { signal }))?.digest ?? null;
}

/** FLOE_TAG_IMMUTABLE for a tag that holds another digest. */
export function taken(tag: string, digest: Digest): FloeError {
  return new FloeError({
    code: "FLOE_TAG_IMMUTABLE",
    message: `${tag} holds ${digest} already and never moves`,
    hint: "Use a new version. Tags that may move are listed under artifacts.tags.mutable in the manifest.",
    details: { tag, digest },
  });
}

function usage(message: string, hint: string): FloeError {
  return new FloeError({ code: "FLOE_USAGE_INVALID", message, hint });
}
