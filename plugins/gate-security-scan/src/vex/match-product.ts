import type { PackageURL } from "packageurl-js";
import type { AffectedPackage } from "../finding.ts";
import { parsePurl } from "../package-key.ts";
import type { VexProduct } from "./vex-statement.ts";

/** The artifact that a statement may be about. */
export interface VexArtifact {
  /** `registry/repository`, without tag and digest. */
  readonly repository: string;
  readonly digest: string;
  readonly version: string;
}

/**
 * Whether a statement's product covers a package of the artifact: the product is the artifact (and lists the package,
 * or nothing), or it is the package itself.
 */
export function matchProduct(
  product: VexProduct,
  artifact: VexArtifact,
  affected: AffectedPackage | undefined,
): boolean {
  if (product.names.some((name) => isArtifact(name, artifact))) {
    return product.subcomponents.length === 0 || coversPackage(product.subcomponents, affected);
  }
  // Packages in a package that is not the artifact: nothing shows that they are the ones that were found.
  if (product.subcomponents.length > 0) return false;
  return coversPackage(product.names, affected);
}

function isArtifact(name: string, artifact: VexArtifact): boolean {
  if (name.toLowerCase() === artifact.digest.toLowerCase()) return true;
  const purl = parsePurl(name);
  if (purl?.type !== "oci") return false;
  const path = artifact.repository.split("/");
  if (purl.name?.toLowerCase() !== path.at(-1)?.toLowerCase()) return false;
  if (purl.version && purl.version !== artifact.digest) return false;
  const { repository_url: url, tag, ...others } = purl.qualifiers ?? {};
  if (url !== undefined && !isRepository(url, artifact.repository)) return false;
  if (purl.version) return true;
  // Without a digest, what is given besides narrows the statement, and cannot be checked here.
  return (tag === undefined || tag === artifact.version) && Object.keys(others).length === 0;
}

/** Both spellings are in use: with the last part of the name, and without. */
function isRepository(url: string, repository: string): boolean {
  const given = plainRepository(url);
  const actual = plainRepository(repository);
  return given === actual || given === actual.slice(0, actual.lastIndexOf("/"));
}

function plainRepository(text: string): string {
  return text
    .toLowerCase()
    .replace(/^(?:https?|oci|docker):\/\//, "")
    .replace(/^(?:index|registry-1)\.docker\.io(?=\/|$)/, "docker.io")
    .replace(/\/+$/, "");
}

function coversPackage(names: readonly string[], affected: AffectedPackage | undefined): boolean {
  const found = affected?.purl === undefined ? null : parsePurl(affected.purl);
  if (found === null) return false;
  return names.some((name) => {
    const purl = parsePurl(name);
    return purl !== null && purl.type !== "oci" && coversPurl(purl, found);
  });
}

/** What the statement leaves open fits all: no version means every version. */
function coversPurl(stated: PackageURL, found: PackageURL): boolean {
  const same =
    stated.type === found.type &&
    (stated.namespace ?? "").toLowerCase() === (found.namespace ?? "").toLowerCase() &&
    stated.name?.toLowerCase() === found.name?.toLowerCase();
  if (!same) return false;
  if (stated.version && stated.version !== found.version) return false;
  const qualifiers: Readonly<Record<string, string | undefined>> = found.qualifiers ?? {};
  return Object.entries(stated.qualifiers ?? {}).every(([key, value]) => qualifiers[key] === value);
}
