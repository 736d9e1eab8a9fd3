import { FloeError } from "@floe/core/errors";
import { show } from "../encoding/json-object.ts";
import { compactJson } from "./compact-json.ts";
import { describeSbom, type SbomDescription } from "./describe-sbom.ts";
import { predicateProblem } from "./predicate-problem.ts";
import {
  CUSTOM_PREDICATE_TYPE,
  CYCLONEDX_PREDICATE_TYPE,
  SPDX_PREDICATE_TYPE,
} from "./predicate-type.ts";

/** The largest predicate file that is read, in bytes; signed, it must fit a bundle without its white space. */
export const MAX_PREDICATE_BYTES = 32 * 1024 * 1024;

/** A predicate that may be signed. */
export interface Predicate {
  readonly predicateType: string;
  /** JSON as it goes into the statement. */
  readonly json: Uint8Array;
  /** What kind of SBOM it is; `null` for anything else. */
  readonly sbom: SbomDescription | null;
}

/** What {@link parsePredicate} is given. */
export interface PredicateInput {
  readonly bytes: Uint8Array;
  /** A URI, from `parsePredicateType`. */
  readonly predicateType: string;
  /** What people call the input: a path. */
  readonly name: string;
  /** Time that cosign's `custom` form carries. */
  readonly now: Date;
}

/**
 * Makes a predicate of a file and looks whether it can be what its type says. JSON keeps every token as written; text
 * of the types `custom` and SPDX (tag-value) is wrapped as cosign wraps it.
 * @throws {FloeError} FLOE_PREDICATE_INVALID - too large, not JSON, or grossly something else
 */
export function parsePredicate({ bytes, predicateType, name, now }: PredicateInput): Predicate {
  if (bytes.byteLength > MAX_PREDICATE_BYTES)
    throw invalid(
      name,
      `it has ${bytes.byteLength} bytes, more than ${MAX_PREDICATE_BYTES}`,
      "Attest a smaller document, for example without the files of each package.",
    );
  const text = decode(bytes, name);
  if (predicateType === CUSTOM_PREDICATE_TYPE) {
    const wrapped = { Data: text, Timestamp: now.toISOString().replace(/\.\d+Z$/, "Z") };
    return { predicateType, json: encode(wrapped), sbom: null };
  }
  if (predicateType === SPDX_PREDICATE_TYPE && /^SPDXVersion: *SPDX-\d/m.test(text.slice(0, 4096)))
    return { predicateType, json: encode(text), sbom: null };
  const document = parseJson(text, name, predicateType);
  const found = predicateProblem(document, predicateType);
  if (found !== null) throw invalid(name, found.problem, found.hint);
  return { predicateType, json: compactJson(withoutMark(bytes)), sbom: describeSbom(document) };
}

/**
 * Makes a predicate of an SBOM, whose type is found out.
 * @throws {FloeError} FLOE_PREDICATE_INVALID - neither SPDX JSON nor CycloneDX JSON, or too large
 */
export function parseSbom(
  input: Omit<PredicateInput, "predicateType">,
): Predicate & { readonly sbom: SbomDescription } {
  const { bytes, name } = input;
  const isSmall = bytes.byteLength <= MAX_PREDICATE_BYTES;
  const found = isSmall ? describeSbom(tryJson(decode(bytes, name))) : null;
  if (found === null && isSmall) throw invalid(name, ...notAnSbom(bytes));
  const predicateType = found?.predicateType ?? SPDX_PREDICATE_TYPE;
  const { json } = parsePredicate({ ...input, predicateType });
  return { predicateType, json, sbom: found as SbomDescription };
}

function notAnSbom(bytes: Uint8Array): [problem: string, hint: string] {
  const start = new TextDecoder().decode(bytes.subarray(0, 4096));
  const problem = "it is neither SPDX JSON nor CycloneDX JSON";
  if (/^\s*</.test(start))
    return [problem, "It is XML: have its tool write JSON, or convert it (cyclonedx convert)."];
  if (/^SPDXVersion:/m.test(start))
    return [
      problem,
      "It is SPDX tag-value: have its tool write JSON, or attest it as it is with floe artifact attest --type spdx.",
    ];
  return [problem, "SPDX JSON has spdxVersion, CycloneDX JSON has bomFormat and specVersion."];
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(name, "it is not UTF-8 text", "Give a text or JSON file.", cause);
  }
}

function parseJson(text: string, name: string, predicateType: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? show(cause.message).slice(1, -1) : "";
    throw invalid(
      name,
      `the type ${predicateType} needs JSON, and it is not JSON (${why})`,
      predicateType === CYCLONEDX_PREDICATE_TYPE
        ? "CycloneDX XML has to be converted first (cyclonedx convert)."
        : "Text of any kind can be attested with --type custom.",
      cause,
    );
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function invalid(name: string, problem: string, hint: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_PREDICATE_INVALID",
    message: `${name} cannot be attested: ${problem}`,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
