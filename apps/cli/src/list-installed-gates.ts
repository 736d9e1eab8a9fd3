import { createPluginRegistry, type GateListing, isFloeError, type PluginSource } from "@floe/core";
import type { ComposeInput } from "./compose.ts";
import { loadProject } from "./compose.ts";

type Input = Pick<
  ComposeInput,
  "manifestPath" | "installed" | "env" | "cwd" | "version" | "signal"
>;

/** The gates that could be used here: built in, bundled, installed by the user, and those of the manifest's own plugins. */
export async function listInstalledGates(input: Input): Promise<GateListing[]> {
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
  return [policy, ...registry.list()];
}

async function readProject(
  input: Input,
): Promise<{ sources: readonly PluginSource[]; allow: readonly string[] | null }> {
  try {
    const { manifest, sources } = await loadProject({ ...input, registry: undefined });
    return { sources, allow: manifest.plugins.allow };
  } catch (cause) {
    // Without a manifest, or with one that is wrong, the installed ones can still be listed; a named one must work.
    if (input.manifestPath === undefined && isFloeError(cause))
      return { sources: input.installed, allow: null };
    throw cause;
  }
}
