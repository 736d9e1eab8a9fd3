import { dirname } from "node:path";
import {
  createPluginRegistry,
  type GateListing,
  isFloeError,
  type PluginRegistry,
  type PluginSource,
  parseDescriptor,
} from "@floe/core";
import { type ComposeInput, guardProcess, loadProject, projectPlugins } from "./compose.ts";
import { type InstalledPlugin, listInstalledPlugins } from "./plugins/installed-plugins.ts";

interface Input
  extends Pick<ComposeInput, "manifestPath" | "installed" | "env" | "cwd" | "version" | "signal"> {
  /** The user's plugin folder. */
  readonly home: string;
  /** Imports every plugin, and makes sure that it is what it says. */
  readonly check: boolean;
}

/** A gate that could be used here, or a plugin of which cannot be said what it provides. */
export interface InstalledGate extends Omit<GateListing, "id"> {
  /** `null`: the package cannot be found, or does not say. */
  readonly id: string | null;
}

/**
 * The gates that could be used here: built in, those of the manifest's own plugins, installed by the user, bundled. A plugin
 * that cannot be used is listed with the reason.
 */
export async function listInstalledGates(input: Input): Promise<InstalledGate[]> {
  const project = await readProject(input);
  const policy: GateListing = {
    id: "policy_compliance",
    plugin: { name: "@floe/policy", version: input.version, origin: "built-in" },
    problem: null,
  };
  const registry = createPluginRegistry({
    sources: project.sources,
    inline: [],
    allow: project.allow,
  });
  const unreadable = listInstalledPlugins(input.home).filter(({ unreadable }) => unreadable);
  const found = registry.list().map((listing) => ({
    ...listing,
    problem: whyUnreadable(unreadable, listing) ?? listing.problem,
  }));
  const checked = input.check ? await checkedAll(found, registry) : found;
  const named = new Set(checked.map(({ plugin }) => plugin.name));
  const silent = project.sources.filter(({ name }) => !named.has(name)).flatMap(silentOf);
  const lost = unreadable.filter(({ name }) => !named.has(name)).map(unreadableOf);
  return [policy, ...checked, ...silent, ...lost, ...project.absent];
}

async function checkedAll(
  listings: readonly GateListing[],
  registry: PluginRegistry,
): Promise<GateListing[]> {
  const checked: GateListing[] = [];
  await guardProcess();
  // One after the other: what one of them does to the process is not blamed on another.
  for (const listing of listings) {
    const { id, problem } = listing;
    checked.push({ ...listing, problem: problem ?? (await problemOf(() => registry.find(id))) });
  }
  return checked;
}

async function problemOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (cause) {
    if (isFloeError(cause)) return cause.message;
    throw cause;
  }
}

function whyUnreadable(
  installed: readonly InstalledPlugin[],
  { plugin }: GateListing,
): string | null {
  const is = plugin.origin === "user" || plugin.origin === "link";
  return is ? (installed.find(({ name }) => name === plugin.name)?.unreadable ?? null) : null;
}

// A package that is found, and whose descriptor names no gate: because it has none to name, or because it is not valid.
function silentOf(source: PluginSource): InstalledGate[] {
  const { name, version, origin } = source;
  try {
    parseDescriptor(source);
    return [];
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    return [{ id: null, plugin: { name, version, origin }, problem: cause.message }];
  }
}

function unreadableOf({ name, version, origin, unreadable }: InstalledPlugin): InstalledGate {
  return { id: null, plugin: { name, version, origin }, problem: unreadable };
}

interface ProjectPlugins {
  readonly sources: readonly PluginSource[];
  readonly absent: readonly InstalledGate[];
  readonly allow: readonly string[] | null;
}

async function readProject(input: Input): Promise<ProjectPlugins> {
  const manifest = await loadProject({ ...input, registry: undefined, withoutGates: true }).then(
    (loaded) => loaded.manifest,
    (cause: unknown) => {
      // Without a manifest, or with one that is wrong, the installed ones can still be listed; a named one must work.
      if (input.manifestPath === undefined && isFloeError(cause)) return null;
      throw cause;
    },
  );
  if (!manifest) return { sources: input.installed, absent: [], allow: null };
  const { use, allow } = manifest.plugins;
  const sources: PluginSource[] = [];
  const absent: InstalledGate[] = [];
  for (const name of use) {
    try {
      sources.push(...(await projectPlugins([name], dirname(manifest.path))));
    } catch (cause) {
      if (!isFloeError(cause)) throw cause;
      const plugin = { name, version: "", origin: "project" } as const;
      absent.push({ id: null, plugin, problem: cause.message });
    }
  }
  return { sources: [...sources, ...input.installed], absent, allow };
}
