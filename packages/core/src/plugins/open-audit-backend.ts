import { dirname } from "node:path";
import type { AuditBackend } from "../contract/index.ts";
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
  const { backend, provider: id, with: settings } = place;
  const found = await registry.findBackend(id);
  if (!found) throw noPlugin(backend, id);
  const result = await found.provider.config["~standard"].validate(settings);
  if (result.issues !== undefined) {
    const lines = result.issues.map(({ message, path = [] }) => {
      const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
      return `${["artifacts.promotion.audit.with", ...keys].join(".")}: ${message}`;
    });
    throw new FloeError({
      code: "FLOE_MANIFEST_INVALID",
      message: `audit backend ${id} of plugin ${found.plugin.name} refuses its settings: ${lines.join("; ")}`,
      hint: "Correct the section audit of the manifest; docs/reference/manifest.md lists what each backend takes.",
      details: { backend: id, issues: lines },
    });
  }
  const baseDir = dirname(manifest.path);
  return await found.provider.open(result.value, {
    ...options,
    baseDir,
    readSecret: (ref) => readSecret(secretRefOf(ref, baseDir)),
  });
}

function noPlugin(backend: string, id: string): FloeError {
  const package_ = Object.hasOwn(PACKAGES, id) ? PACKAGES[id] : undefined;
  const named = backend === id ? backend : `${backend} (${id})`;
  return new FloeError({
    code: "FLOE_PLUGIN_NOT_FOUND",
    message: `audit.backend is ${named}, and no installed plugin provides it`,
    hint:
      package_ === undefined
        ? "Install the plugin that provides it (floe plugins install …, or plugins.use in the manifest), or use audit.backend: oci."
        : `Install it with: floe plugins install ${package_}`,
    details: { backend: id },
  });
}
