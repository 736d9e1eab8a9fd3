/**
 * The package URL of an artifact (purl-spec, type `oci`): the last part of the repository's name in lower case, the digest,
 * and where it is.
 */
export function artifactPurl(digest: string, repository: string): string {
  const place = repository.replace(/^oci-layout:/, "");
  const name = place.slice(place.lastIndexOf("/") + 1).toLowerCase();
  return `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(place)}`;
}
