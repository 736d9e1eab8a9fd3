import {
  isFloeError,
  type PluginDescriptor,
  type PluginSource,
  parseDescriptor,
  pluginEntry,
} from "@floe/core";
import { listInstalledPlugins } from "./installed-plugins.ts";

/** A plugin as `floe plugins` prints it. */
export interface ListedPlugin {
  readonly name: string;
  readonly version: string;
  readonly origin: PluginSource["origin"];
  /** What was installed or linked; `null` for those that come with floe. */
  readonly from: string | null;
  readonly gates: readonly string[];
  readonly audit_backends: readonly string[];
  readonly usable: boolean;
  /** Why it cannot be used, as far as can be said without running it; or `null`. */
  readonly problem: string | null;
}

/** Lists the plugins of a plugin folder, and those that come with floe. Of one name the first counts. */
export function listPlugins(home: string, bundled: readonly PluginSource[]): ListedPlugin[] {
  const installed = listInstalledPlugins(home);
  const own = installed.map((plugin) => listed(plugin, plugin.from, plugin.unreadable));
  const counts = (name: string) =>
    installed.some((plugin) => plugin.name === name && plugin.from !== "");
  return [
    ...own,
    ...bundled.map((plugin) =>
      listed(plugin, null, counts(plugin.name) ? "the one that you have installed counts" : null),
    ),
  ];
}

function listed(plugin: PluginSource, from: string | null, known: string | null): ListedPlugin {
  const { name, version, origin } = plugin;
  const { descriptor, problem: found } = examined(plugin);
  const problem = known ?? found;
  return {
    ...{ name, version, origin, from },
    gates: descriptor?.gates ?? [],
    audit_backends: descriptor?.auditBackends ?? [],
    usable: problem === null,
    problem,
  };
}

function examined(plugin: PluginSource): {
  readonly descriptor: PluginDescriptor | null;
  readonly problem: string | null;
} {
  let descriptor: PluginDescriptor | null = null;
  try {
    descriptor = parseDescriptor(plugin);
    pluginEntry(plugin);
    return { descriptor, problem: null };
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    return { descriptor, problem: cause.message };
  }
}
