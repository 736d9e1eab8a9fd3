import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, NO_SOURCE } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import {
  inRepository,
  type ResolvedArtifact,
  readArtifact,
  resolveArtifact,
} from "./resolve-artifact.ts";

/** An artifact, and the repository that it was found in. */
export interface FoundArtifact {
  readonly artifact: ResolvedArtifact;
  readonly from: ArtifactStore;
}

/**
 * Finds what a version is for whoever takes it from an environment. Versions are published in the manifest's own repository.
 * An environment with another one has what was promoted to it, by its environment tag; what is not there is looked for where
 * it was published, so that the refusal can say what is missing.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - with near names
 * @throws {FloeError} FLOE_VERSION_DIGEST_MISMATCH - `VERSION@DIGEST` and it is another digest
 */
export async function findArtifact(
  wanted: { readonly version: string; readonly digest: Digest | null },
  source: string,
  given: FloeContext,
  options: CallOptions,
): Promise<FoundArtifact> {
  const { manifest, store: published } = given;
  const { environments } = manifest;
  if (source !== NO_SOURCE && environments.some(({ name }) => name === source)) {
    const { store } = at(given, findEnvironment(manifest, source));
    if (store !== published) {
      const tag = environmentTag(wanted.version, source);
      if (await store.resolve(tag, options)) {
        const artifact = await resolveArtifact(store, manifest, { ...wanted, tag }, options);
        return { artifact, from: store };
      }
    }
  }
  const artifact = await resolveArtifact(published, manifest, wanted, options);
  return { artifact, from: published };
}

/**
 * Finds what a version is in the repository of an environment that it is in already. There it may have no tag of its own:
 * then it is known by the environment tag, by its digest, or by what was published under that version.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - there is no such version, or its content is not in that repository
 * @throws {FloeError} FLOE_VERSION_DIGEST_MISMATCH - `VERSION@DIGEST` and it is another digest
 */
export async function findResident(
  wanted: { readonly version: string; readonly digest: Digest | null },
  environment: EnvironmentConfig,
  given: FloeContext,
  options: CallOptions,
): Promise<ResolvedArtifact> {
  const { manifest } = given;
  const { store } = at(given, environment);
  const { version } = wanted;
  if (store !== given.store)
    for (const tag of [version, environmentTag(version, environment.name)])
      if (await store.resolve(tag, options))
        return await resolveArtifact(store, manifest, { ...wanted, tag }, options);
  if (store !== given.store && wanted.digest !== null)
    return await readArtifact(store, { version, digest: wanted.digest }, options);
  const published = await resolveArtifact(given.store, manifest, wanted, options);
  if (store === given.store) return published;
  await readArtifact(store, { version, digest: published.manifest.descriptor.digest }, options);
  return inRepository(published, store);
}
