import type { RegistryConfig, SecondaryRegistry } from "../manifest.ts";
import type { ManifestDocument } from "../schema/manifest-document.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { resolveRegistry } from "./resolve-registry.ts";

const DEFAULT_SYNC_SECONDS = 300;

/** Resolves `artifacts.secondary_registries`: each with a name and a repository that nothing else in the manifest has. */
export function resolveSecondaries(
  context: ResolveContext,
  entries: NonNullable<ManifestDocument["artifacts"]["secondary_registries"]>,
  others: readonly (RegistryConfig | null)[],
): SecondaryRegistry[] {
  const found: SecondaryRegistry[] = [];
  const names = new Set<string>();
  const places = new Set(others.flatMap((registry) => registry?.uri ?? []));
  for (const [index, entry] of entries.entries()) {
    const path = ["artifacts", "secondary_registries", index];
    const registry = resolveRegistry(context, entry, path);
    if (names.has(entry.name))
      context.report([...path, "name"], "is the name of another secondary registry as well");
    names.add(entry.name);
    if (!registry) continue;
    if (places.has(registry.uri))
      context.report(
        [...path, "uri"],
        "is the repository of the manifest, of an environment or of another secondary registry as well",
      );
    places.add(registry.uri);
    const timeoutSeconds = entry.timeout_seconds ?? DEFAULT_SYNC_SECONDS;
    found.push({ name: entry.name, registry, timeoutSeconds });
  }
  return found;
}
