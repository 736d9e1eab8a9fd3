import { FloeError, isFloeError } from "@floe/core/errors";
import { parseReference } from "../reference.ts";

/** Where a repository is. */
export interface RegistryLocation {
  /** `host[:port]/repo` as configured: how users know it. */
  readonly name: string;
  /** Scheme, host and port that requests go to and that credentials belong to. */
  readonly origin: URL;
  /** The repository as the registry's paths name it. */
  readonly repository: string;
}

const DOCKER_HUB = new Set(["docker.io", "index.docker.io"]);

/**
 * Reads `oci://host[:port]/repo`. Loopback hosts are spoken to over http, all others over https unless `insecure`.
 * Docker Hub's two special cases are applied: its API host, and `library/` before a name without a slash.
 * @throws {FloeError} FLOE_REFERENCE_INVALID - not such a URI, or it names a tag or digest
 */
export function parseRegistryUri(uri: string, insecure: boolean): RegistryLocation {
  const reference = parseReference(uri);
  if (reference.kind !== "registry" || reference.tag !== null || reference.digest !== null) {
    throw new FloeError({
      code: "FLOE_REFERENCE_INVALID",
      message: `${JSON.stringify(uri.slice(0, 200))} does not name a repository`,
      hint: "A repository is oci://host[:port]/repo, without tag and digest.",
    });
  }
  const { host, repository } = reference;
  const hub = DOCKER_HUB.has(host);
  const scheme = insecure || isLoopback(host) ? "http" : "https";
  return {
    name: `${host}/${repository}`,
    origin: new URL(`${scheme}://${hub ? "registry-1.docker.io" : host}`),
    repository: hub && !repository.includes("/") ? `library/${repository}` : repository,
  };
}

/**
 * The path of another repository, given as a store's `repository`, when it is of the same registry; `null` when it is
 * of another one, or a folder.
 */
export function sourceRepository(location: RegistryLocation, from: string): string | null {
  if (from.startsWith("oci-layout:")) return null;
  try {
    const other = parseRegistryUri(`oci://${from}`, false);
    return other.origin.host === location.origin.host ? other.repository : null;
  } catch (error) {
    if (isFloeError(error)) return null;
    throw error;
  }
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(host);
}
