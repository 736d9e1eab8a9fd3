import { dirname } from "node:path";
import { createPluginRegistry, type GateListing, isFloeError, type PluginSource } from "@floe/core";
import { type ComposeInput, loadProject, projectPlugins } from "./compose.ts";

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
  const manifest = await loadProject({ ...input, registry: undefined, withoutGates: true }).then(
    (loaded) => loaded.manifest,
    (cause: unknown) => {
      // Without a manifest, or with one that is wrong, the installed ones can still be listed; a named one must work.
      if (input.manifestPath === undefined && isFloeError(cause)) return null;
      throw cause;
    },
  );
  if (!manifest) return { sources: input.installed, allow: null };
  const project = await projectPlugins(manifest.plugins.use, dirname(manifest.path));
  return { sources: [...project, ...input.installed], allow: manifest.plugins.allow };
}
