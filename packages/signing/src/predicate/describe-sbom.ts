import { isRecord, own } from "../encoding/json-object.ts";
import { CYCLONEDX_PREDICATE_TYPE, SPDX_PREDICATE_TYPE } from "./predicate-type.ts";

/** What an SBOM says that it is. */
export interface SbomDescription {
  readonly format: "SPDX" | "CycloneDX";
  /** Of the format, as the document has it: `2.3`, `1.6`. */
  readonly version: string;
  readonly predicateType: string;
  /** What the document is about; `null` where it does not say. */
  readonly name: string | null;
  /** How many packages or components it lists. */
  readonly components: number;
}

/** Recognises a parsed SPDX (2 or 3) or CycloneDX document by its own marks; `null` for anything else. */
export function describeSbom(document: unknown): SbomDescription | null {
  return describeSpdx2(document) ?? describeCycloneDx(document) ?? describeSpdx3(document);
}

function describeSpdx2(document: unknown): SbomDescription | null {
  const version = /^SPDX-(\d{1,3}\.\d{1,3})$/.exec(text(own(document, "spdxVersion")) ?? "")?.[1];
  if (version === undefined) return null;
  return spdx(version, text(own(document, "name")), list(own(document, "packages")).length);
}

/** SPDX 3 is JSON-LD: a context and a graph of elements (spdx-spec 3.0, "Serialization"). */
function describeSpdx3(document: unknown): SbomDescription | null {
  const context = /^https:\/\/spdx\.org\/rdf\/(3(?:\.\d{1,3}){1,2})\//.exec(
    text(own(document, "@context")) ?? "",
  );
  const graph = list(own(document, "@graph"));
  if (context?.[1] === undefined || graph.length === 0) return null;
  const head = graph.find((element) => own(element, "type") === "SpdxDocument");
  const packages = graph.filter((element) => own(element, "type") === "software_Package");
  return spdx(context[1], text(own(head, "name")), packages.length);
}

function describeCycloneDx(document: unknown): SbomDescription | null {
  const version = text(own(document, "specVersion"));
  if (own(document, "bomFormat") !== "CycloneDX" || !/^\d{1,3}\.\d{1,3}$/.test(version ?? ""))
    return null;
  const component = own(own(document, "metadata"), "component");
  return {
    format: "CycloneDX",
    version: version ?? "",
    predicateType: CYCLONEDX_PREDICATE_TYPE,
    name: text(own(component, "name")),
    components: list(own(document, "components")).length,
  };
}

function spdx(version: string, name: string | null, components: number): SbomDescription {
  return { format: "SPDX", version, predicateType: SPDX_PREDICATE_TYPE, name, components };
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
