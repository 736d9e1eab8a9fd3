import type { AuditBackendProvider, FloePlugin, GateProvider } from "../contract/index.ts";
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
  /** Finds the provider of an audit backend; `null` where no plugin provides it. */
  findBackend(
    id: string,
  ): Promise<{ readonly provider: AuditBackendProvider; readonly plugin: ProviderOrigin } | null>;
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

  function declared(source: PluginSource, part: Part): readonly string[] {
    try {
      return parseDescriptor(source)[part];
    } catch (cause) {
      if (isFloeError(cause)) return looseIds(source.descriptor, part);
      throw cause;
    }
  }

  async function find<Provider>(
    part: Part,
    id: string,
  ): Promise<{ provider: Provider; plugin: ProviderOrigin } | null> {
    const own = inlineProvider<Provider>(part, id);
    if (own?.plugin.origin === "built-in") return own;
    const providers = sources.filter((source) => declared(source, part).includes(id));
    const names = [...(own ? [own.plugin.name] : []), ...providers.map((source) => source.name)];
    if (names.length > 1) throw duplicate(part, id, names);
    if (own) return own;
    const [source] = providers;
    if (!source) return null;
    if (!isAllowed(source.name, options.allow)) throw notAllowed(source, part, id);
    const loading = loaded.get(source.name) ?? loadPlugin(source);
    loaded.set(source.name, loading);
    const provider = (await loading)[part]?.find((one) => one.id === id);
    if (!provider) return null;
    const { name, version, origin } = source;
    return { provider: provider as Provider, plugin: { name, version, origin } };
  }

  function inlineProvider<Provider>(
    part: Part,
    id: string,
  ): { provider: Provider; plugin: ProviderOrigin } | null {
    for (const { plugin, origin } of options.inline) {
      const provider = plugin[part]?.find((one) => one.id === id);
      if (provider) return { provider: provider as Provider, plugin: { ...plugin.meta, origin } };
    }
    return null;
  }

  return {
    find: (kind) => find<GateProvider>("gates", kind),
    findBackend: (id) => find<AuditBackendProvider>("auditBackends", id),

    list() {
      const listings: GateListing[] = [];
      for (const { plugin, origin } of options.inline) {
        for (const gate of plugin.gates ?? []) {
          listings.push({ id: gate.id, plugin: { ...plugin.meta, origin }, problem: null });
        }
      }
      for (const source of sources) {
        const { name, version, origin } = source;
        for (const id of declared(source, "gates"))
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

// What of a plugin is looked for.
type Part = "gates" | "auditBackends";

const PART_NAMES = { gates: "gate", auditBackends: "audit backend" } as const;

// A plugin whose descriptor is refused still says what it would provide, so that whoever needs something of it learns why
// it cannot be used.
function looseIds(descriptor: unknown, part: Part): string[] {
  const ids = (descriptor as Partial<Record<Part, unknown>> | null)?.[part];
  return Array.isArray(ids)
    ? ids.filter((id): id is string => typeof id === "string").slice(0, 100)
    : [];
}

function isAllowed(name: string, allow: readonly string[] | null): boolean {
  if (!allow) return true;
  return allow.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

function notAllowed(source: PluginSource, part: Part, id: string): FloeError {
  return new FloeError({
    code: "FLOE_PLUGIN_NOT_ALLOWED",
    message: `${PART_NAMES[part]} ${id} comes from plugin ${source.name}, which plugins.allow does not list`,
    hint: `Add ${source.name} to plugins.allow in the manifest if you trust it.`,
    details: { plugin: source.name, [part === "gates" ? "gate" : "backend"]: id },
  });
}

function duplicate(part: Part, id: string, names: readonly string[]): FloeError {
  return new FloeError({
    code: "FLOE_PLUGIN_DUPLICATE_ID",
    message: `${PART_NAMES[part]} ${id} is provided by ${names.join(" and ")}`,
    hint: "Uninstall one of them (floe plugins uninstall …); floe does not choose for you.",
    details: { [part === "gates" ? "gate" : "backend"]: id, plugins: [...names] },
  });
}
