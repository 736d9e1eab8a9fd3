import type { AnchorStore } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { Manifest, PluginAnchorConfig, SecretRef } from "../manifest/manifest.ts";
import type { CallOptions } from "../ports/index.ts";
import { findAuditProvider, openingOf, parseSettings } from "./open-audit-backend.ts";
import type { PluginRegistry } from "./registry.ts";

/**
 * Opens the place for checkpoints that the plugin of an audit backend keeps.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - no installed plugin provides the backend
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the backend refuses its settings, or keeps no checkpoints
 */
export async function openPluginAnchors(
  anchor: PluginAnchorConfig,
  manifest: Pick<Manifest, "path" | "audit">,
  registry: Pick<PluginRegistry, "findBackend">,
  readSecret: (ref: SecretRef) => Promise<string>,
  options: CallOptions,
): Promise<AnchorStore> {
  const { name, provider: id } = anchor;
  const found = await findAuditProvider(id, `the anchor ${name} is of kind ${id}`, registry);
  if (!found.provider.openAnchors)
    throw new FloeError({
      code: "FLOE_MANIFEST_INVALID",
      message: `the anchor ${name} is of kind ${id}, and plugin ${found.plugin.name} keeps ledgers only, no checkpoints`,
      hint: "Use an anchor of kind s3, oci or file.",
      details: { anchor: name, backend: id },
    });
  const index = manifest.audit.anchors.findIndex((one) => one.name === name);
  const path = `artifacts.promotion.audit.anchors[${index}].with`;
  const settings = await parseSettings(found, anchor.with, path);
  return await found.provider.openAnchors(settings, openingOf(manifest, readSecret, options));
}
