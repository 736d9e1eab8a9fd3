import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { isVersion } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import {
  parseVersionArgument,
  type ResolvedArtifact,
  readArtifact,
  resolveArtifact,
} from "./resolve-artifact.ts";

/** One of the two. */
export interface DiffSide {
  /** The environment that was named; `null`: a version was. */
  readonly environment: string | null;
  readonly version: string;
  readonly digest: Digest;
}

/** One side with what it is compared by. */
export interface ResolvedSide {
  readonly side: DiffSide;
  readonly artifact: ResolvedArtifact;
  /** Where it is. */
  readonly store: ArtifactStore;
  readonly environment: EnvironmentConfig | null;
}

/**
 * Finds what a version is, or what an environment runs by its ledger.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND - neither a version nor an environment
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - no such version
 * @throws {FloeError} FLOE_VERIFY_NOTHING - nothing runs in the environment
 */
export async function resolveSide(
  name: string,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ResolvedSide> {
  const { manifest, store } = context;
  const known = manifest.environments.some((environment) => environment.name === name);
  const [version = ""] = name.split("@");
  if (!known && isVersion(version, manifest.tags.versionPattern ?? undefined)) {
    const wanted = parseVersionArgument(name, manifest);
    const artifact = await resolveArtifact(store, manifest, wanted, options);
    const { digest } = artifact.manifest.descriptor;
    return {
      side: { environment: null, version: artifact.version, digest },
      artifact,
      store,
      environment: null,
    };
  }
  const environment = findEnvironment(manifest, name);
  const current = (await ledgers.of(environment).view(options))?.state.current;
  if (!current)
    throw new FloeError({
      code: "FLOE_VERIFY_NOTHING",
      message: `nothing runs in ${name}`,
      hint: `Compare versions, or promote something to ${name} first.`,
      details: { environment: name },
    });
  const there = at(context, environment).store;
  const artifact = await readArtifact(there, current, options);
  return {
    side: { environment: name, version: current.version, digest: current.digest },
    artifact,
    store: there,
    environment,
  };
}
