import type { SbomComponent } from "@floe/core/ports";
import { isRecord, own } from "../encoding/json-object.ts";

/** The most components of one SBOM that are listed; an SBOM with more counts as unreadable. */
const MAX_COMPONENTS = 200_000;
/** CycloneDX components have components of their own. */
const MAX_DEPTH = 50;

/**
 * Lists what an SPDX (2 or 3) or CycloneDX document says that an artifact is made of. `null`: it is neither, or has more
 * than is read.
 */
export function listComponents(document: unknown): SbomComponent[] | null {
  const found: SbomComponent[] = [];
  const isRead =
    own(document, "bomFormat") === "CycloneDX"
      ? addCycloneDx(own(document, "components"), found, 0)
      : typeof own(document, "spdxVersion") === "string"
        ? addSpdx2(own(document, "packages"), found)
        : Array.isArray(own(document, "@graph"))
          ? addSpdx3(own(document, "@graph"), found)
          : false;
  return isRead ? found : null;
}

function addCycloneDx(components: unknown, found: SbomComponent[], depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  for (const component of list(components)) {
    const group = text(own(component, "group"));
    const name = text(own(component, "name"));
    const purl = text(own(component, "purl"));
    if (!add(found, purl, group ? `${group}/${name}` : name, text(own(component, "version"))))
      return false;
    if (!addCycloneDx(own(component, "components"), found, depth + 1)) return false;
  }
  return true;
}

function addSpdx2(packages: unknown, found: SbomComponent[]): boolean {
  return list(packages).every((entry) => {
    const reference = list(own(entry, "externalRefs")).find(
      (candidate) => own(candidate, "referenceType") === "purl",
    );
    const purl = text(own(reference, "referenceLocator"));
    return add(found, purl, text(own(entry, "name")), text(own(entry, "versionInfo")));
  });
}

function addSpdx3(graph: unknown, found: SbomComponent[]): boolean {
  return list(graph)
    .filter((element) => own(element, "type") === "software_Package")
    .every((element) =>
      add(
        found,
        text(own(element, "software_packageUrl")),
        text(own(element, "name")),
        text(own(element, "software_packageVersion")),
      ),
    );
}

function add(
  found: SbomComponent[],
  purl: string | null,
  name: string | null,
  version: string | null,
): boolean {
  if (found.length >= MAX_COMPONENTS) return false;
  // Package URL, "pkg:type/namespace/name@version?qualifiers#subpath": an @ of the namespace is written %40.
  const match = /^(pkg:[^?#]+?)(?:@([^?#@]*))?(?:[?#].*)?$/.exec(purl ?? "");
  const key = match?.[1] ?? name;
  if (key !== null) found.push({ key, version: version ?? decoded(match?.[2]) });
  return true;
}

function decoded(version: string | undefined): string | null {
  if (version === undefined || version === "") return null;
  try {
    return decodeURIComponent(version);
  } catch {
    return version;
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
