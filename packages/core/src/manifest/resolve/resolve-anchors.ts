import { resolve } from "node:path";
import { didYouMean } from "../did-you-mean.ts";
import { type IssuePath, quote } from "../issue-list.ts";
import type { AnchorConfig, RegistryConfig, SigningConfig } from "../manifest.ts";
import type { Anchor } from "../schema/promotion.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { resolveRegistry } from "./resolve-registry.ts";
import { resolveServiceUrl } from "./resolve-sigstore.ts";

/** Backends that the manifest knows by a short name, as far as they keep checkpoints. */
const KINDS: readonly string[] = ["file", "oci", "s3", "rekor"];
/** What each kind is told where it is by. */
const KEYS = { path: ["file"], registry: ["oci"], s3_bucket: ["s3"], url: ["rekor"] } as const;

/**
 * Resolves `audit.anchors`. `repositories` are those of the manifest and of environments: a checkpoint that is put where the
 * ledger is would be one that is there already.
 */
export function resolveAnchors(
  context: ResolveContext,
  anchors: readonly Anchor[],
  repositories: readonly (RegistryConfig | null)[],
  signing: SigningConfig,
): AnchorConfig[] {
  const taken = new Set(repositories.flatMap((registry) => registry?.uri ?? []));
  const names = new Set<string>();
  const found: AnchorConfig[] = [];
  for (const [index, anchor] of anchors.entries()) {
    const path = [...PATHS.audit, "anchors", index];
    const name = anchor.name ?? anchor.kind;
    if (names.has(name))
      context.report(
        anchor.name === undefined ? path : [...path, "name"],
        `${quote(name)} is the name of another anchor as well; give each a name of its own`,
      );
    names.add(name);
    checkKeys(context, anchor, path);
    const resolved = resolveAnchor(context, anchor, name, path, signing);
    if (!resolved) continue;
    if (resolved.kind === "rekor" && found.some(({ kind }) => kind === "rekor"))
      context.report([...path, "kind"], "there is another log already, and there can be one");
    if (resolved.kind === "oci") {
      const { uri } = resolved.registry;
      if (taken.has(uri))
        context.report(
          [...path, "registry", "uri"],
          "is the repository of the manifest, of an environment or of another anchor as well",
        );
      taken.add(uri);
    }
    found.push(resolved);
  }
  return found;
}

function checkKeys(context: ResolveContext, anchor: Anchor, path: IssuePath): void {
  const { kind } = anchor;
  if (!KINDS.includes(kind)) {
    const suggestion = didYouMean(kind, KINDS);
    if (suggestion !== null)
      context.report([...path, "kind"], `no anchor is of the kind ${quote(kind)}`, { suggestion });
  }
  for (const [key, kinds] of Object.entries(KEYS))
    if (
      anchor[key as keyof typeof KEYS] !== undefined &&
      !(kinds as readonly string[]).includes(kind)
    )
      context.report([...path, key], `needs kind: ${kinds.join(" or ")}`, { side: "key" });
  if (anchor.with !== undefined && ["file", "oci", "rekor"].includes(kind))
    context.report([...path, "with"], `is not used by kind ${kind}`, { side: "key" });
}

function resolveAnchor(
  context: ResolveContext,
  anchor: Anchor,
  name: string,
  path: IssuePath,
  signing: SigningConfig,
): AnchorConfig | null {
  const { kind } = anchor;
  const missing = (key: string): null => {
    if (!context.has([...path, key]))
      context.report([...path, key], `is required for kind: ${kind}`);
    return null;
  };
  if (kind === "file") {
    if (anchor.path === undefined) return missing("path");
    const absolute = resolve(context.dirOf([...path, "path"]), anchor.path);
    return { name, kind, path: absolute, pathAsWritten: anchor.path };
  }
  if (kind === "oci") {
    if (anchor.registry === undefined) return missing("registry");
    const registry = resolveRegistry(context, anchor.registry, [...path, "registry"]);
    return registry && { name, kind, registry };
  }
  if (kind === "rekor") {
    const at = [...path, "url"];
    const url =
      anchor.url === undefined
        ? signing.sigstore.rekorUrl
        : resolveServiceUrl(context, anchor.url, at);
    return url === null ? missing("url") : { name, kind, url };
  }
  const given = anchor.with ?? {};
  const bucket = anchor.s3_bucket;
  const hasBucket = Object.hasOwn(given, "bucket");
  if (kind === "s3" && bucket === undefined && !hasBucket) return missing("s3_bucket");
  if (bucket !== undefined && hasBucket)
    context.report([...path, "s3_bucket"], "is also given in with (bucket)");
  const settings = bucket === undefined ? given : { ...given, bucket };
  return { name, kind: "plugin", provider: kind, with: settings };
}
