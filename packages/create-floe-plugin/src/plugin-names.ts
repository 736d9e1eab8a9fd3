/** What a plugin can be started as. */
export const PLUGIN_KINDS = ["gate", "audit-backend"] as const;

/** One of {@link PLUGIN_KINDS}. */
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** Says whether a word is one of {@link PLUGIN_KINDS}. */
export function isPluginKind(word: unknown): word is PluginKind {
  return PLUGIN_KINDS.some((kind) => kind === word);
}

/** The names that follow from the one that was given. */
export interface PluginNames {
  /** Of the package: `floe-plugin-layer-limit`. */
  readonly package: string;
  /** Of the folder that is made. */
  readonly folder: string;
  /** Of the gate or audit backend in a manifest: `layer_limit`. */
  readonly id: string;
}

const NAME = /^(?:(@[a-z0-9][a-z0-9._-]*)\/)?([a-z][a-z0-9._-]*)$/;
const ID = /^[a-z][a-z0-9_]{0,49}$/;
const RESERVED = ["policy_compliance", "oci", "database", "none"];

/**
 * Derives the names of a plugin from one: `layer-limit`, `floe-plugin-layer-limit` or `@acme/layer-limit`. `null`: it is
 * no name for a package, or none for a gate.
 */
export function pluginNames(name: string): PluginNames | null {
  const [, scope, rest] = NAME.exec(name) ?? [];
  if (rest === undefined) return null;
  const short = rest.replace(/^floe-plugin-/, "");
  const id = short.replaceAll(/[.-]+/g, "_");
  if (!ID.test(id) || RESERVED.includes(id)) return null;
  const folder = scope === undefined ? `floe-plugin-${short}` : rest;
  return { package: scope === undefined ? folder : `${scope}/${rest}`, folder, id };
}
