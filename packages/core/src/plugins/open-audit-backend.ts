import { dirname } from "node:path";
import type { AuditBackend, AuditOpenOptions } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { AuditPlace, Manifest, SecretRef } from "../manifest/manifest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { PluginRegistry } from "./registry.ts";
import { secretRefOf } from "./secret-ref.ts";

/** Packages that provide the backends which the manifest knows by a short name. */
const PACKAGES: Readonly<Record<string, string>> = {
  sqlite: "@floe/plugin-audit-sqlite",
  postgres: "@floe/plugin-audit-postgres",
  s3: "@floe/plugin-audit-s3",
};

/**
 * Opens the audit backend that the manifest names, or another one. Only the plugin that provides it is imported, after its descriptor was read.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - no installed plugin provides it
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the backend refuses its settings
 */
export async function openAuditBackend(
  manifest: Manifest,
  registry: Pick<PluginRegistry, "findBackend">,
  readSecret: (ref: SecretRef) => Promise<string>,
  options: CallOptions,
  place: AuditPlace = manifest.audit,
): Promise<AuditBackend> {
  const { backend, provider: id } = place;
  const named = backend === id ? backend : `${backend} (${id})`;
  const found = await findAuditProvider(id, `audit.backend is ${named}`, registry);
  const settings = await parseSettings(found, place.with, "artifacts.promotion.audit.with");
  return await found.provider.open(settings, openingOf(manifest, readSecret, options));
}

/** A provider of audit backends, and whose it is. */
type FoundProvider = NonNullable<Awaited<ReturnType<PluginRegistry["findBackend"]>>>;

/**
 * Finds the plugin that provides an audit backend. `wanted` says who wants it.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - no installed plugin provides it
 */
export async function findAuditProvider(
  id: string,
  wanted: string,
  registry: Pick<PluginRegistry, "findBackend">,
): Promise<FoundProvider> {
  const found = await registry.findBackend(id);
  if (found) return found;
  const package_ = Object.hasOwn(PACKAGES, id) ? PACKAGES[id] : undefined;
  throw new FloeError({
    code: "FLOE_PLUGIN_NOT_FOUND",
    message: `${wanted}, and no installed plugin provides it`,
    hint:
      package_ === undefined
        ? "Install the plugin that provides it (floe plugins install …, or plugins.use in the manifest), or use oci."
        : `Install it with: floe plugins install ${package_}`,
    details: { backend: id },
  });
}

/**
 * Lets a provider check its settings, which are at `path` in the manifest.
 * @throws {FloeError} FLOE_MANIFEST_INVALID - it refuses them
 */
export async function parseSettings(
  { provider, plugin }: FoundProvider,
  settings: Readonly<Record<string, unknown>>,
  at: string,
): Promise<unknown> {
  const result = await provider.config["~standard"].validate(settings);
  if (result.issues === undefined) return result.value;
  const lines = result.issues.map(({ message, path = [] }) => {
    const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
    return `${[at, ...keys].join(".")}: ${message}`;
  });
  throw new FloeError({
    code: "FLOE_MANIFEST_INVALID",
    message: `audit backend ${provider.id} of plugin ${plugin.name} refuses its settings: ${lines.join("; ")}`,
    hint: "Correct the section audit of the manifest; docs/reference/manifest.md lists what each backend takes.",
    details: { backend: provider.id, issues: lines },
  });
}

/** What a provider opens something with besides its settings. */
export function openingOf(
  manifest: Pick<Manifest, "path">,
  readSecret: (ref: SecretRef) => Promise<string>,
  options: CallOptions,
): AuditOpenOptions {
  const baseDir = dirname(manifest.path);
  return { ...options, baseDir, readSecret: (ref) => readSecret(secretRefOf(ref, baseDir)) };
}
