import type { FloePlugin, GateProvider } from "../contract/index.ts";
import { FloeError, isFloeError } from "../errors/index.ts";
import type { GateRegistry, ProviderOrigin } from "../promotion/context.ts";
import { type PluginSource, parseDescriptor } from "./descriptor.ts";
import { loadPlugin } from "./load-plugin.ts";

/** A gate that some plugin provides, for `floe gate list`. */
export interface GateListing {
  readonly id: string;
  readonly plugin: ProviderOrigin;
  /** Why it cannot be used; `null` when it can, as far as can be said without importing it. */
  readonly problem: string | null;
}

/** What a plugin registry is made of. */
export interface PluginRegistryOptions {
  /** In order of preference: the user's project, the user's data folder, bundled. Of two with one name the first counts. */
  readonly sources: readonly PluginSource[];
  /** Plugins that are part of the program, and objects that an embedding app hands in. */
  readonly inline: readonly {
    readonly plugin: FloePlugin;
    readonly origin: "built-in" | "inline";
  }[];
  /** `plugins.allow` of the manifest; `null`: all. `*` at the end of a name is a wildcard. */
  readonly allow: readonly string[] | null;
}

/** Plugins by what they provide; a plugin is imported when one of its gates is needed, and not before. */
export interface PluginRegistry extends GateRegistry {
  list(): GateListing[];
}

/**
 * Makes a registry of plugins. A broken plugin is an error for whoever needs it and for nobody else.
 */
export function createPluginRegistry(options: PluginRegistryOptions): PluginRegistry {
  const sources = options.sources.filter(
    (source, index, all) => all.findIndex((other) => other.name === source.name) === index,
  );
  const loaded = new Map<string, Promise<FloePlugin>>();

  function declaredGates(source: PluginSource): readonly string[] {
    try {
      return parseDescriptor(source).gates;
    } catch (cause) {
      if (isFloeError(cause)) return looseGates(source.descriptor);
      throw cause;
    }
  }

  function inlineProvider(kind: string): { provider: GateProvider; plugin: ProviderOrigin } | null {
    for (const { plugin, origin } of options.inline) {
      const provider = plugin.gates?.find((gate) => gate.id === kind);
      if (provider)
        return { provider: provider as GateProvider, plugin: { ...plugin.meta, origin } };
    }
    return null;
  }

  return {
    async find(kind) {
      const builtIn = inlineProvider(kind);
      const providers = sources.filter((source) => declaredGates(source).includes(kind));
      const names = [
        ...(builtIn ? [builtIn.plugin.name] : []),
        ...providers.map((source) => source.name),
      ];
      if (builtIn?.plugin.origin === "built-in") return builtIn;
      if (names.length > 1) throw duplicate(kind, names);
      if (builtIn) return builtIn;
      const [source] = providers;
      if (!source) return null;
      if (!isAllowed(source.name, options.allow)) throw notAllowed(source, kind);
      const loading = loaded.get(source.name) ?? loadPlugin(source);
      loaded.set(source.name, loading);
      const provider = (await loading).gates?.find((gate) => gate.id === kind);
      if (!provider) return null;
      const { name, version, origin } = source;
      return { provider: provider as GateProvider, plugin: { name, version, origin } };
    },

    list() {
      const listings: GateListing[] = [];
      for (const { plugin, origin } of options.inline) {
        for (const gate of plugin.gates ?? []) {
          listings.push({ id: gate.id, plugin: { ...plugin.meta, origin }, problem: null });
        }
      }
      for (const source of sources) {
        const { name, version, origin } = source;
        for (const id of declaredGates(source))
          listings.push({ id, plugin: { name, version, origin }, problem: problemOf(source) });
      }
      return listings.map((listing) => {
        const same = listings.filter((other) => other.id === listing.id);
        if (listing.problem !== null || same.length === 1) return listing;
        return {
          ...listing,
          problem: `also provided by ${same
            .filter((other) => other !== listing)
            .map((other) => other.plugin.name)
            .join(", ")}`,
        };
      });
    },
  };

  function problemOf(source: PluginSource): string | null {
    if (!isAllowed(source.name, options.allow)) return "not on the manifest's plugins.allow list";
    try {
      parseDescriptor(source);
      return null;
    } catch (cause) {
      if (isFloeError(cause)) return cause.message;
      throw cause;
    }
  }
}

// A plugin whose descriptor is refused still says which gates it would provide, so that whoever needs one of them
// learns why it cannot be used.
function looseGates(descriptor: unknown): string[] {
  const gates = (descriptor as { gates?: unknown } | null)?.gates;
  return Array.isArray(gates)
    ? gates.filter((gate): gate is string => typeof gate === "string").slice(0, 100)
    : [];
}

function isAllowed(name: string, allow: readonly string[] | null): boolean {
  if (!allow) return true;
  return allow.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

function notAllowed(source: PluginSource, kind: string): FloeError {
  return new FloeError({
    code: "FLOE_PLUGIN_NOT_ALLOWED",
    message: `gate ${kind} comes from plugin ${source.name}, which plugins.allow does not list`,
    hint: `Add ${source.name} to plugins.allow in the manifest if you trust it.`,
    details: { plugin: source.name, gate: kind },
  });
}

function duplicate(kind: string, names: readonly string[]): FloeError {
  return new FloeError({
    code: "FLOE_PLUGIN_DUPLICATE_ID",
    message: `gate ${kind} is provided by ${names.join(" and ")}`,
    hint: "Uninstall one of them (floe plugins uninstall …); floe does not choose for you.",
    details: { gate: kind, plugins: [...names] },
  });
}
