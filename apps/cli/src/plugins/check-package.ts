import { discoverPlugin, type PluginSource, parseDescriptor, pluginEntry } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { listInstalledPlugins } from "./installed-plugins.ts";

/** What is known of a plugin without running any of its code. */
export interface CheckedPackage extends PluginSource {
  readonly gates: readonly string[];
  readonly auditBackends: readonly string[];
  /** The plugin of the same name that comes with floe, and that this one takes the place of. */
  readonly replaces: PluginSource | null;
}

/**
 * Checks a package before it becomes one of the user's plugins. None of its code runs.
 * @throws {FloeError} FLOE_PLUGIN_DESCRIPTOR_INVALID, FLOE_PLUGIN_API_UNSUPPORTED, FLOE_PLUGIN_RESERVED_ID - by its package.json
 * @throws {FloeError} FLOE_PLUGIN_LOAD_FAILED - the module that it names is not there
 * @throws {FloeError} FLOE_PLUGIN_DUPLICATE_ID - another plugin provides the same
 */
export async function checkPackage(
  source: PluginSource,
  others: { readonly home: string; readonly bundled: readonly PluginSource[] },
): Promise<CheckedPackage> {
  const { gates, auditBackends } = parseDescriptor(source);
  pluginEntry(source);
  const all = [...listInstalledPlugins(others.home), ...others.bundled];
  const rivals = all.filter(({ name }) => name !== source.name);
  for (const [what, ids] of [
    ["gates", gates],
    ["auditBackends", auditBackends],
  ] as const) {
    for (const id of ids) {
      const rival = rivals.find((other) => provides(other, what, id));
      if (rival) throw taken(what === "gates" ? "gate" : "audit backend", id, source, rival);
    }
  }
  const replaces = others.bundled.find(({ name }) => name === source.name) ?? null;
  return { ...source, gates, auditBackends, replaces };
}

/** Reads the package of a plugin from the folder that has it in `node_modules`. */
export async function readPackage(name: string, from: string): Promise<PluginSource> {
  return await discoverPlugin(name, from, "user");
}

function provides(source: PluginSource, what: "gates" | "auditBackends", id: string): boolean {
  try {
    return parseDescriptor(source)[what].includes(id);
  } catch {
    return false;
  }
}

function taken(what: string, id: string, source: PluginSource, rival: PluginSource): FloeError {
  const bundled = rival.origin === "bundled";
  return new FloeError({
    code: "FLOE_PLUGIN_DUPLICATE_ID",
    message: `${what} ${id} of ${source.name} is already provided by ${rival.name} ${rival.version} (${rival.origin})`,
    hint: bundled
      ? "It comes with floe; the plugin's author has to choose another id."
      : `Uninstall that one first: floe plugins uninstall ${rival.name}`,
    details: { id, plugins: [source.name, rival.name] },
  });
}
