import type { Digest } from "@floe/core/model";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** What a statement is about (in-toto attestation, "ResourceDescriptor"). */
export interface StatementSubject {
  readonly name: string | null;
  /** Algorithm to lower-case hex, as written. */
  readonly digest: ReadonlyMap<string, string>;
}

/** An in-toto statement, version 0.1 or 1. */
export interface Statement {
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
  /** As parsed from JSON; absent is an empty object. */
  readonly predicate: unknown;
}

/** Answer of {@link parseStatement}. */
export type ParsedStatement =
  | { readonly ok: true; readonly statement: Statement }
  | { readonly ok: false; readonly reason: string };

const TYPES: ReadonlySet<unknown> = new Set([
  "https://in-toto.io/Statement/v0.1",
  "https://in-toto.io/Statement/v1",
]);

/**
 * Parses the payload of a bundle. Call it with the very bytes that were verified, and only once, so that everybody
 * sees the same reading: of a key that is written twice the last one counts. Never throws.
 */
export function parseStatement(bytes: Uint8Array): ParsedStatement {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, reason: "the signed payload is not JSON" };
  }
  const type = own(json, "_type");
  if (!TYPES.has(type))
    return {
      ok: false,
      reason: `the signed payload is of type ${show(type)}, not an in-toto statement`,
    };
  const predicateType = own(json, "predicateType");
  if (typeof predicateType !== "string" || predicateType === "")
    return { ok: false, reason: "the statement has no predicateType" };
  const list = own(json, "subject");
  if (!Array.isArray(list) || list.length === 0)
    return { ok: false, reason: "the statement has no subject" };
  const subjects: StatementSubject[] = [];
  for (const entry of list) {
    const subject = parseSubject(entry);
    if (subject === null)
      return { ok: false, reason: "a subject of the statement has no digest of text values" };
    subjects.push(subject);
  }
  return {
    ok: true,
    statement: { subjects, predicateType, predicate: own(json, "predicate") ?? {} },
  };
}

function parseSubject(entry: unknown): StatementSubject | null {
  const digest = own(entry, "digest");
  if (!isRecord(digest)) return null;
  const values = new Map<string, string>();
  for (const [algorithm, hex] of Object.entries(digest)) {
    if (typeof hex !== "string") return null;
    values.set(algorithm, hex);
  }
  const name = own(entry, "name");
  return values.size === 0
    ? null
    : { name: typeof name === "string" ? name : null, digest: values };
}

/** Says whether one of a statement's subjects is the given digest, compared as written. */
export function hasSubject(statement: Statement, digest: Digest): boolean {
  const colon = digest.indexOf(":");
  const [algorithm, hex] = [digest.slice(0, colon), digest.slice(colon + 1)];
  return statement.subjects.some((subject) => subject.digest.get(algorithm) === hex);
}

/** The subjects of a statement for messages: `sha256:…` of each, the first three. */
export function describeSubjects(statement: Statement): string {
  const digests = statement.subjects.map(({ digest }) => {
    const [first] = digest;
    return first ? show(first.join(":"), 140).slice(1, -1) : "nothing";
  });
  const more = digests.length > 3 ? ` and ${digests.length - 3} more` : "";
  return `${digests.slice(0, 3).join(", ")}${more}`;
}
