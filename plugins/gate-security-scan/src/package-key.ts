import { PackageURL } from "packageurl-js";
import type { AffectedPackage } from "./finding.ts";

/** Namespaces of these types are a distribution, which tools spell differently; elsewhere it is part of the name. */
const DISTRIBUTION_TYPES = new Set(["apk", "alpine", "deb", "rpm", "alpm", "generic"]);

/** Parses a package URL. `null` when it is none. */
export function parsePurl(text: string): PackageURL | null {
  if (!text.startsWith("pkg:")) return null;
  try {
    return PackageURL.fromString(text);
  } catch {
    return null;
  }
}

/** A package's name as it is compared between tools, without its version. */
export function packageName(one: AffectedPackage): string {
  const purl = one.purl === undefined ? null : parsePurl(one.purl);
  // Maven joins group and artifact with ":" in names and with "/" in package URLs.
  if (!purl) return one.name.replace(":", "/").toLowerCase();
  const namespace =
    purl.namespace && !DISTRIBUTION_TYPES.has(purl.type) ? `${purl.namespace}/` : "";
  return `${namespace}${purl.name}`.toLowerCase();
}

/** A package URL for a name as its ecosystem writes it (`@scope/name`, `group:artifact`). */
export function buildPurl(type: string, name: string, version?: string): string | undefined {
  const parts = name.replace(":", "/").split("/");
  const last = parts.pop();
  if (!last) return undefined;
  try {
    return new PackageURL(
      type,
      parts.length === 0 ? undefined : parts.join("/"),
      last,
      version,
      undefined,
      undefined,
    ).toString();
  } catch {
    return undefined;
  }
}
