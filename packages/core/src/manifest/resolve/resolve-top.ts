import { resolve } from "node:path";
import { isInternalTag, isTag, isVersion } from "../../model/index.ts";
import { didYouMean } from "../did-you-mean.ts";
import { parseDuration } from "../duration.ts";
import { type IssuePath, quote } from "../issue-list.ts";
import type {
  Manifest,
  AuditPlace as ManifestPlace,
  RegistryConfig,
  SigningConfig,
} from "../manifest.ts";
import type { ManifestDocument, Signing } from "../schema/manifest-document.ts";
import type { Audit, AuditPlace, Policies } from "../schema/promotion.ts";
import { expandVariables } from "./expand-variables.ts";
import { resolveAnchors } from "./resolve-anchors.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { resolveKeyRef, resolveSecretRef } from "./resolve-secret-ref.ts";
import { resolveSigstore } from "./resolve-sigstore.ts";
import { problemOfRegex } from "./resolve-verification.ts";

type Artifacts = ManifestDocument["artifacts"];

const BUILT_IN_BACKENDS: readonly string[] = ["oci", "s3", "database"];

/** Resolves `artifacts.tags`. */
export function resolveTags(context: ResolveContext, tags: Artifacts["tags"]): Manifest["tags"] {
  const path = ["artifacts", "tags"];
  const source = tags?.version_pattern ?? null;
  const problem = source === null ? null : problemOfRegex(source);
  if (problem !== null) context.report([...path, "version_pattern"], problem);
  const versionPattern = source === null || problem !== null ? null : new RegExp(`^(?:${source})$`);
  const mutable = tags?.mutable ?? [];
  for (const [index, tag] of mutable.entries()) {
    const at = [...path, "mutable", index];
    if (!isTag(tag)) context.report(at, `${quote(tag)} is not a tag`);
    else if (isInternalTag(tag)) context.report(at, `${quote(tag)} is one of floe's own tags`);
    else if (isVersion(tag, versionPattern ?? undefined))
      context.report(at, `${quote(tag)} is a version, and versions never move`);
  }
  return { versionPattern, mutable: [...new Set(mutable)] };
}

/** Resolves `artifacts.signing`. */
export function resolveSigning(
  context: ResolveContext,
  signing: Signing | undefined,
): SigningConfig {
  const path = ["artifacts", "signing"];
  const mode = signing?.mode ?? "key-based";
  return {
    mode: mode === false || mode === "disabled" ? "off" : mode,
    privateKeyRef: resolveKeyRef(context, signing?.private_key_ref, [...path, "private_key_ref"]),
    passwordRef: resolveSecretRef(context, signing?.password_ref, [...path, "password_ref"]),
    sigstore: resolveSigstore(context, signing),
  };
}

/** Resolves `artifacts.promotion.audit`. */
export function resolveAudit(
  context: ResolveContext,
  audit: Audit | undefined,
  repositories: readonly (RegistryConfig | null)[],
  signing: SigningConfig,
): Manifest["audit"] {
  const previous = (audit?.previous ?? []).map((place, index) =>
    resolvePlace(context, place, [...PATHS.audit, "previous", index]),
  );
  const anchors = resolveAnchors(context, audit?.anchors ?? [], repositories, signing);
  const retentionMs = resolveRetention(context, audit?.retention);
  return { ...resolvePlace(context, audit, PATHS.audit), previous, anchors, retentionMs };
}

/** What people are answerable for is asked about years later. */
const SHORTEST_RETENTION = "730d";

function resolveRetention(context: ResolveContext, text: string | undefined): number | null {
  const seconds = text === undefined ? null : parseDuration(text);
  if (seconds === null) return null;
  if (seconds < (parseDuration(SHORTEST_RETENTION) ?? 0))
    context.report(
      [...PATHS.audit, "retention"],
      `events are kept for at least ${SHORTEST_RETENTION}; without retention all are`,
    );
  return seconds * 1000;
}

function resolvePlace(
  context: ResolveContext,
  audit: AuditPlace | undefined,
  path: IssuePath,
): ManifestPlace {
  const backend = audit?.backend ?? "oci";
  const bucket = audit?.s3_bucket ?? null;
  const url = audit?.database_url ?? null;
  if (!BUILT_IN_BACKENDS.includes(backend)) {
    const suggestion = didYouMean(backend, BUILT_IN_BACKENDS);
    if (suggestion !== null)
      context.report([...path, "backend"], `no audit backend is named ${quote(backend)}`, {
        suggestion,
      });
  }
  if (backend === "s3" && bucket === null && !Object.hasOwn(audit?.with ?? {}, "bucket"))
    context.report([...path, "s3_bucket"], "is required for backend: s3");
  if (backend !== "s3" && bucket !== null)
    context.report([...path, "s3_bucket"], "needs backend: s3", { side: "key" });
  if (backend !== "database" && url !== null)
    context.report([...path, "database_url"], "needs backend: database", { side: "key" });
  const expanded = url === null ? null : expandVariables(context, url, [...path, "database_url"]);
  if (expanded !== null && !DATABASE_URL.test(expanded))
    context.report([...path, "database_url"], "expected sqlite:PATH or postgres://…");
  const given = audit?.with ?? {};
  for (const [key, value] of [
    ["s3_bucket", bucket],
    ["database_url", url],
  ] as const)
    if (value !== null && SETTING_OF[key].some((name) => Object.hasOwn(given, name)))
      context.report([...path, key], `is also given in with (${SETTING_OF[key].join(", ")})`);
  const provider = backend === "database" ? databaseOf(expanded) : backend;
  return { backend, provider, with: { ...given, ...placeSettings(bucket, expanded) } };
}

const DATABASE_URL = /^(?:sqlite:.|postgres(?:ql)?:\/\/)/;
const SETTING_OF = { s3_bucket: ["bucket"], database_url: ["path", "url"] } as const;

// A database is a file beside the manifest unless its URL says otherwise.
function databaseOf(url: string | null): "sqlite" | "postgres" {
  return url === null || url.startsWith("sqlite:") ? "sqlite" : "postgres";
}

function placeSettings(
  bucket: string | null,
  url: string | null,
): Readonly<Record<string, string>> {
  if (bucket !== null) return { bucket };
  if (url === null) return {};
  return url.startsWith("sqlite:") ? { path: url.slice("sqlite:".length) } : { url };
}

/** `policies` with the exemptions' path made absolute; the rest is `@floe/policy`'s to read. */
export function resolvePolicies(
  context: ResolveContext,
  policies: Policies | undefined,
): Readonly<Record<string, unknown>> {
  if (policies?.exemptions === undefined) return policies ?? {};
  const dir = context.dirOf([...PATHS.policies, "exemptions"]);
  return { ...policies, exemptions: resolve(dir, policies.exemptions) };
}

/** What is configured outside environments and cannot be honoured; the plan blocks on it. */
export function unsupportedOf(document: ManifestDocument): string[] {
  const { artifacts } = document;
  const promotion = artifacts.promotion;
  const backend = promotion?.audit?.backend ?? "oci";
  const configured: readonly (readonly [string, boolean])[] = [
    ["artifacts.promotion.audit.repository", promotion?.audit?.repository !== undefined],
    [
      "artifacts.promotion.audit.with",
      backend === "oci" && Object.keys(promotion?.audit?.with ?? {}).length > 0,
    ],
  ];
  return configured.flatMap(([key, isConfigured]) => (isConfigured ? [key] : []));
}
