import { isRecord, own } from "../encoding/json-object.ts";
import { describeSbom } from "./describe-sbom.ts";
import {
  CYCLONEDX_PREDICATE_TYPE,
  PREDICATE_TYPE_NAMES,
  SPDX_PREDICATE_TYPE,
} from "./predicate-type.ts";

/** Why a document is grossly not what a predicate type says, and what to do. */
export interface PredicateProblem {
  readonly problem: string;
  readonly hint: string;
}

/** What a document of a type must have, at the least: enough to notice another format, no validation of the rest. */
const MARKS: Readonly<Record<string, { readonly what: string; readonly has: readonly string[] }>> =
  {
    [PREDICATE_TYPE_NAMES["slsaprovenance"] ?? ""]: {
      what: "SLSA provenance 0.2",
      has: ["builder", "buildType"],
    },
    [PREDICATE_TYPE_NAMES["slsaprovenance1"] ?? ""]: {
      what: "SLSA provenance 1",
      has: ["buildDefinition", "runDetails"],
    },
    [PREDICATE_TYPE_NAMES["vuln"] ?? ""]: {
      what: "a vulnerability report in cosign's form",
      has: ["scanner", "metadata"],
    },
    [PREDICATE_TYPE_NAMES["openvex"] ?? ""]: {
      what: "an OpenVEX document",
      has: ["@context", "statements"],
    },
    [PREDICATE_TYPE_NAMES["link"] ?? ""]: {
      what: "an in-toto link",
      has: ["materials", "products"],
    },
  };

/** Looks whether a parsed document can be a predicate of a type; `null`: nothing speaks against it. */
export function predicateProblem(
  document: unknown,
  predicateType: string,
): PredicateProblem | null {
  if (!isRecord(document))
    return {
      problem: "a predicate is a JSON object, and this is another value",
      hint: "Text of any kind can be attested with --type custom.",
    };
  return (
    wrappedProblem(document) ??
    sbomProblem(document, predicateType) ??
    markProblem(document, predicateType)
  );
}

/** A whole statement, envelope or bundle where its predicate belongs: the most frequent mistake. */
function wrappedProblem(document: unknown): PredicateProblem | null {
  const type = own(document, "_type");
  if (typeof type === "string" && type.startsWith("https://in-toto.io/Statement/"))
    return {
      problem: "the file is a whole in-toto statement, and its predicate alone is signed",
      hint: "Give what is in its member predicate: jq .predicate FILE",
    };
  const isEnvelope = own(document, "payloadType") !== undefined && own(document, "signatures");
  const isBundle = own(document, "dsseEnvelope") !== undefined;
  if (isEnvelope || isBundle)
    return {
      problem: "the file is signed already (a DSSE envelope or sigstore bundle)",
      hint: "Give the predicate itself.",
    };
  return null;
}

function sbomProblem(document: unknown, predicateType: string): PredicateProblem | null {
  const sbom = describeSbom(document);
  const wantsSbom =
    predicateType === SPDX_PREDICATE_TYPE || predicateType === CYCLONEDX_PREDICATE_TYPE;
  if (wantsSbom && sbom === null)
    return {
      problem: `the file is no ${predicateType === SPDX_PREDICATE_TYPE ? "SPDX" : "CycloneDX"} JSON document`,
      hint: "SPDX JSON has spdxVersion, CycloneDX JSON has bomFormat and specVersion.",
    };
  // What a project puts under a type of its own is its own business.
  const known = wantsSbom || Object.hasOwn(MARKS, predicateType);
  if (sbom === null || !known || sbom.predicateType === predicateType) return null;
  const type = sbom.format === "SPDX" ? "spdxjson" : "cyclonedx";
  return {
    problem: `the file is ${sbom.format} ${sbom.version}, which is not what the type says`,
    hint: `Use --type ${type}, or floe artifact sbom REF --file FILE, which finds out by itself.`,
  };
}

function markProblem(document: unknown, predicateType: string): PredicateProblem | null {
  if (!Object.hasOwn(MARKS, predicateType)) return null;
  const mark = MARKS[predicateType];
  const missing = mark?.has.filter((name) => own(document, name) === undefined) ?? [];
  if (mark === undefined || missing.length === 0) return null;
  const isTrivy =
    own(document, "SchemaVersion") !== undefined && own(document, "Results") !== undefined;
  return {
    problem: `the file is not ${mark.what}: it has no ${missing.join(" and no ")}`,
    hint: isTrivy
      ? "It is trivy's own JSON; trivy writes the form that is needed with --format cosign-vuln."
      : "Give the document that belongs to the type, or another --type.",
  };
}
