import { FloeError } from "../errors/index.ts";
import { type Digest, digestHex } from "./digest.ts";

/** The whole-tag grammar of the OCI distribution specification. */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** A version: semver without build metadata, since `+` is not legal in an OCI tag. */
const VERSION = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const ENVIRONMENT = /^[a-z][a-z0-9_-]{0,49}$/;
const ROLLBACK_SUFFIX = /-rollback-(\d+)$/;

/** The source of the first environment: nothing was promoted before. */
export const NO_SOURCE = "none";

/** What a tag is, read against the configured environments. */
export type TagKind =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "environment"; readonly version: string; readonly environment: string }
  | { readonly kind: "latest"; readonly environment: string }
  | {
      readonly kind: "rollback";
      readonly version: string;
      readonly environment: string;
      readonly count: number;
    }
  | { readonly kind: "floe" }
  | { readonly kind: "mutable" }
  | { readonly kind: "other" };

/** What else than semver and floe's own rules decides what a tag is. */
export interface TagRules {
  /** The manifest's environments, any order. */
  readonly environments: readonly string[];
  /** `artifacts.tags.version_pattern`, anchored; default semver. */
  readonly versionPattern?: RegExp | undefined;
  /** `artifacts.tags.mutable`: more tags that may move. */
  readonly mutable?: readonly string[] | undefined;
}

// `$` in a JavaScript regex without the m flag matches only at the very end, so a trailing newline is refused;
// the explicit check keeps that true if somebody adds a flag.
function matches(pattern: RegExp, value: string): boolean {
  return pattern.test(value) && !/[\r\n]/.test(value);
}

/** Says whether a string is a legal OCI tag. */
export function isTag(value: string): boolean {
  return matches(TAG, value);
}

/** Says whether a string can name an environment. */
export function isEnvironmentName(value: string): boolean {
  return (
    matches(ENVIRONMENT, value) &&
    value !== NO_SOURCE &&
    value !== "latest" &&
    !ROLLBACK_SUFFIX.test(value)
  );
}

/** Says whether a string is a version under the given rules. */
export function isVersion(value: string, pattern?: RegExp): boolean {
  return isTag(value) && matches(pattern ?? VERSION, value);
}

/**
 * Parses a version as the user gives it: `v1.2.3` or `v1.2.3@sha256:…`.
 * @throws {FloeError} FLOE_TAG_INVALID - outside the grammar; nothing has been asked of any registry by then
 */
export function parseVersion(value: string, pattern?: RegExp): string {
  if (isVersion(value, pattern)) return value;
  const shown = JSON.stringify(value.length > 140 ? `${value.slice(0, 140)}…` : value);
  let hint = "A version looks like v1.2.3 or 1.2.3-rc.1.";
  if (pattern) hint = `The manifest's artifacts.tags.version_pattern is ${pattern.source}.`;
  else if (value.includes("+"))
    hint =
      "Build metadata (+…) is not legal in an OCI tag: use a pre-release part, as in 1.2.3-build.5.";
  else if (value.length > 128) hint = "An OCI tag has at most 128 characters.";
  else if (/^v?\d+(?:\.\d+)?$/.test(value))
    hint =
      "A version has three numbers, as in v1.2.0; other schemes need artifacts.tags.version_pattern in the manifest.";
  throw new FloeError({ code: "FLOE_TAG_INVALID", message: `${shown} is not a version`, hint });
}

/** The immutable environment tag: `v1.2.3-staging`. */
export function environmentTag(version: string, environment: string): string {
  return `${version}-${environment}`;
}

/** The mutable tag that says what an environment runs: `latest-staging`. */
export function latestTag(environment: string): string {
  return `latest-${environment}`;
}

/** The immutable tag of the Nth rollback to a version: `v1.2.2-prod-rollback-1`. */
export function rollbackTag(version: string, environment: string, count: number): string {
  return `${version}-${environment}-rollback-${count}`;
}

/** The immutable tag that pins an environment's ledger. */
export function genesisTag(environment: string): string {
  return `floe-ledger.${environment}`;
}

/** The mutable tag of an environment's newest checkpoint. */
export function checkpointTag(environment: string): string {
  return `floe-cp.${environment}`;
}

/** A scratch tag, by which it is found out what a registry does. */
export function probeTag(name: string): string {
  return `floe-probe.${name}`;
}

/** The mutable tag of how far an environment's webhooks were told. */
export function webhookTag(environment: string): string {
  return `floe-hook.${environment}`;
}

/** The immutable tag of a promotion's or rollback's record. */
export function recordTag(operationId: string): string {
  return `floe-rec.${operationId}`;
}

/** The immutable tag of a promotion's verification summary. */
export function summaryTag(operationId: string): string {
  return `floe-vsa.${operationId}`;
}

/** The immutable tag of the published copy of an approval or a denial. */
export function approvalTag(operationId: string): string {
  return `floe-apr.${operationId}`;
}

/** The immutable tag of what an environment is, or was, pinned to. */
export function pinTag(environment: string, content: Digest): string {
  return `floe-pin.${environment}.${digestHex(content).slice(0, 16)}`;
}

/** The immutable tag of the published copy of a quarantine, or of its end. */
export function quarantineTag(operationId: string): string {
  return `floe-qua.${operationId}`;
}

/** The immutable tag of a gate's evidence: it names the manifest by its digest, so nobody can mean another one by it. */
export function evidenceTag(manifest: Digest): string {
  return `floe-evd.${digestHex(manifest).slice(0, 32)}`;
}

/** Says whether a tag is floe's own or a referrers index, which tag lists hide. */
export function isInternalTag(tag: string): boolean {
  return (
    /^floe-(?:ev|evd|rec|vsa|apr|pin|qua|ledger|cp|hook|probe)\./.test(tag) ||
    /^sha(?:256|512)-[0-9a-f]{32,}/.test(tag)
  );
}

/**
 * Reads a tag against the configured environments, longest name first, because `v1.2.3-prod` is also legal semver.
 */
export function classifyTag(tag: string, rules: TagRules): TagKind {
  if (isInternalTag(tag)) return { kind: "floe" };
  const environments = [...rules.environments].sort((a, b) => b.length - a.length);
  if (tag.startsWith("latest-")) {
    const environment = tag.slice("latest-".length);
    return environments.includes(environment)
      ? { kind: "latest", environment }
      : { kind: "mutable" };
  }
  const rollback = ROLLBACK_SUFFIX.exec(tag);
  const base = rollback ? tag.slice(0, rollback.index) : tag;
  for (const environment of environments) {
    if (!base.endsWith(`-${environment}`)) continue;
    const version = base.slice(0, -environment.length - 1);
    if (!isVersion(version, rules.versionPattern)) continue;
    return rollback
      ? { kind: "rollback", version, environment, count: Number(rollback[1]) }
      : { kind: "environment", version, environment };
  }
  if (isVersion(tag, rules.versionPattern)) return { kind: "version", version: tag };
  if (tag === "latest" || /^(?:dev-|snapshot)/.test(tag) || rules.mutable?.includes(tag))
    return { kind: "mutable" };
  return { kind: "other" };
}

/** Says whether a tag may be moved: everything that is not named mutable is immutable. */
export function isMutableTag(tag: string, rules: TagRules): boolean {
  const { kind } = classifyTag(tag, rules);
  if (kind === "floe") return /^floe-(?:cp|hook|probe)\./.test(tag) || tag.startsWith("sha");
  return kind === "latest" || kind === "mutable";
}
