import { FloeError } from "@floe/core/errors";
import { COSIGN_SIGN_PREDICATE_TYPE } from "../statement/write-statement.ts";

/** Predicate type of an SPDX document, as cosign and policies ask for it. */
export const SPDX_PREDICATE_TYPE = "https://spdx.dev/Document";
/** Predicate type of a CycloneDX document. */
export const CYCLONEDX_PREDICATE_TYPE = "https://cyclonedx.org/bom";
/** What counts as an SBOM. */
export const SBOM_PREDICATE_TYPES: ReadonlySet<string> = new Set([
  SPDX_PREDICATE_TYPE,
  CYCLONEDX_PREDICATE_TYPE,
]);
/** What cosign calls `custom`: any text, wrapped. */
export const CUSTOM_PREDICATE_TYPE = "https://cosign.sigstore.dev/attestation/v1";

/** The short names of `--type`, with what cosign 3.1 writes for each. */
export const PREDICATE_TYPE_NAMES: Readonly<Record<string, string>> = {
  spdxjson: SPDX_PREDICATE_TYPE,
  spdx: SPDX_PREDICATE_TYPE,
  cyclonedx: CYCLONEDX_PREDICATE_TYPE,
  slsaprovenance: "https://slsa.dev/provenance/v0.2",
  slsaprovenance02: "https://slsa.dev/provenance/v0.2",
  slsaprovenance1: "https://slsa.dev/provenance/v1",
  vuln: "https://cosign.sigstore.dev/attestation/vuln/v1",
  openvex: "https://openvex.dev/ns",
  link: "https://in-toto.io/Link/v1",
  custom: CUSTOM_PREDICATE_TYPE,
};

/** Says whether a media type is what tools name an SBOM that they attach without a signature. */
export function isSbomFileType(mediaType: string): boolean {
  return /spdx|cyclonedx|syft|sbom/i.test(mediaType);
}

const MAX_LENGTH = 512;

/** Which command makes floe's own statements; anything else there is made by no command. */
const OWN_COMMANDS: Readonly<Record<string, string>> = {
  promotion: "floe promote VERSION --to ENV",
  rollback: "floe rollback --env ENV --reason R",
  event: "a platform command, such as floe platform lock",
};

/**
 * Reads a predicate type that somebody wants to attest: a short name of {@link PREDICATE_TYPE_NAMES}, or a URI as it is.
 * @throws {FloeError} FLOE_USAGE_INVALID - neither
 * @throws {FloeError} FLOE_PREDICATE_TYPE_RESERVED - statements of that type are made by another command
 */
export function parsePredicateType(text: string): string {
  const type = readPredicateType(text);
  if (type === text && URL.canParse(text)) refuseReserved(text, new URL(text));
  return type;
}

/**
 * Reads a predicate type that somebody asks for, floe's own among them: a short name, or a URI as it is.
 * @throws {FloeError} FLOE_USAGE_INVALID - neither
 */
export function readPredicateType(text: string): string {
  if (Object.hasOwn(PREDICATE_TYPE_NAMES, text)) return PREDICATE_TYPE_NAMES[text] as string;
  // The URI goes into the statement as given: verifiers compare it character by character.
  const isUri = text.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(text) && URL.canParse(text);
  if (!isUri)
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${JSON.stringify(text.slice(0, 100))} is not a predicate type`,
      hint: `Give one of ${Object.keys(PREDICATE_TYPE_NAMES).join(", ")}, or a URI.`,
    });
  return text;
}

function refuseReserved(text: string, uri: URL): void {
  if (text === COSIGN_SIGN_PREDICATE_TYPE)
    throw reserved(text, "that is an image signature", "Use floe artifact sign.");
  if (uri.hostname !== "floe.dev" || !/^\/+attestation(\/|$)/i.test(decodePath(uri.pathname)))
    return;
  const kind = /^\/attestation\/([a-z-]+)\//.exec(uri.pathname)?.[1] ?? "";
  const command = Object.hasOwn(OWN_COMMANDS, kind) ? OWN_COMMANDS[kind] : undefined;
  throw reserved(
    text,
    "floe's own statements have types under it",
    command === undefined
      ? "Use a type of your own, under a domain that is yours."
      : `Such a statement is made by ${command}.`,
  );
}

// A spelling that some reader may take for the same must not get through.
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function reserved(text: string, why: string, hint: string): FloeError {
  return new FloeError({
    code: "FLOE_PREDICATE_TYPE_RESERVED",
    message: `the predicate type ${text} cannot be attested by hand: ${why}`,
    hint,
    details: { predicate_type: text },
  });
}
