import { z } from "zod";
import { SUPPORTED_API_VERSIONS } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";

const Id = z.string().regex(/^[a-z][a-z0-9_]{0,49}$/);

/** The `floe` field of a plugin's package.json: what it provides, readable before any of its code runs. */
export const PluginDescriptor = z.object({
  apiVersion: z.string(),
  gates: z.array(Id).max(100).default([]),
  auditBackends: z.array(Id).max(100).default([]),
});
export type PluginDescriptor = z.infer<typeof PluginDescriptor>;

/** Ids that belong to floe itself. */
const RESERVED_IDS: readonly string[] = ["policy_compliance", "oci", "database", "none"];

/** A plugin that is installed somewhere, not loaded yet. */
export interface PluginSource {
  readonly name: string;
  readonly version: string;
  /** Folder of its package.json, absolute. */
  readonly root: string;
  readonly origin: "project" | "user" | "link" | "bundled";
  /** The raw `floe` field of its package.json. */
  readonly descriptor: unknown;
}

/**
 * Parses the descriptor of a plugin.
 * @throws {FloeError} FLOE_PLUGIN_DESCRIPTOR_INVALID - the field is not of the documented shape
 * @throws {FloeError} FLOE_PLUGIN_API_UNSUPPORTED - written for another contract version
 * @throws {FloeError} FLOE_PLUGIN_RESERVED_ID - provides an id of floe's own
 */
export function parseDescriptor(source: PluginSource): PluginDescriptor {
  if (source.descriptor === undefined) {
    throw new FloeError({
      code: "FLOE_PLUGIN_DESCRIPTOR_INVALID",
      message: `package ${source.name} ${source.version} is no floe plugin: its package.json has no field floe`,
      hint: "Check the name of the package; a plugin's author has to say there what it provides.",
      details: { plugin: source.name },
    });
  }
  const parsed = PluginDescriptor.safeParse(source.descriptor, PARSE_ONCE);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new FloeError({
      code: "FLOE_PLUGIN_DESCRIPTOR_INVALID",
      message: `plugin ${source.name}: the floe field of its package.json is not valid (${issue?.path.join(".") || "floe"}: ${issue?.message})`,
      hint: `It looks like { "apiVersion": "${SUPPORTED_API_VERSIONS.at(-1)}", "gates": ["my_gate"], "auditBackends": [] }.`,
      details: { plugin: source.name },
    });
  }
  const { apiVersion, gates, auditBackends } = parsed.data;
  if (!SUPPORTED_API_VERSIONS.includes(apiVersion)) {
    const newer = versionNumber(apiVersion) > versionNumber(SUPPORTED_API_VERSIONS.at(-1) ?? "");
    throw new FloeError({
      code: "FLOE_PLUGIN_API_UNSUPPORTED",
      message: `plugin ${source.name} ${source.version} wants plugin contract ${apiVersion}; this floe has ${SUPPORTED_API_VERSIONS.join(", ")}`,
      hint: newer
        ? "Update floe."
        : `Update the plugin: floe plugins install ${source.name}@latest`,
      details: { plugin: source.name, wanted: apiVersion, supported: [...SUPPORTED_API_VERSIONS] },
    });
  }
  const reserved = [...gates, ...auditBackends].find((id) => RESERVED_IDS.includes(id));
  if (reserved !== undefined) {
    throw new FloeError({
      code: "FLOE_PLUGIN_RESERVED_ID",
      message: `plugin ${source.name} provides ${reserved}, which belongs to floe itself`,
      hint: `A plugin chooses another id; the reserved ones are ${RESERVED_IDS.join(", ")}.`,
      details: { plugin: source.name, id: reserved },
    });
  }
  return parsed.data;
}

function versionNumber(apiVersion: string): number {
  return Number(/\/v(\d+)$/.exec(apiVersion)?.[1] ?? 0);
}
