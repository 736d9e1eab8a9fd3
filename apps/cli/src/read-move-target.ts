import { dirname } from "node:path";
import type { Manifest, PluginSource } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { type ComposeInput, loadProject } from "./compose.ts";

/** The manifest that is used once ledgers were moved. */
export interface MoveTarget {
  readonly audit: Manifest["audit"];
  /** The plugins that it names. */
  readonly sources: readonly PluginSource[];
  /** @throws {FloeError} FLOE_MANIFEST_INVALID - it cannot take the place of the other manifest */
  assertBeside(manifest: Manifest): void;
}

/** Reads the manifest that `floe audit move --to` names. */
export async function readMoveTarget(
  path: string,
  input: Pick<ComposeInput, "installed" | "env" | "cwd" | "version" | "signal">,
): Promise<MoveTarget> {
  const { manifest: target, sources } = await loadProject({
    ...input,
    manifestPath: path,
    registry: undefined,
    withoutGates: true,
  });
  return {
    audit: target.audit,
    sources,
    assertBeside(manifest) {
      const differs = [
        // Paths in it count from its folder, and so does what is pinned.
        ...(dirname(target.path) === dirname(manifest.path) ? [] : ["its folder"]),
        ...(target.metadata.name === manifest.metadata.name ? [] : ["metadata.name"]),
        ...(placesOf(target) === placesOf(manifest)
          ? []
          : ["the environments and their registries"]),
      ];
      if (differs.length === 0) return;
      throw new FloeError({
        code: "FLOE_MANIFEST_INVALID",
        message: `${path} cannot take the place of ${manifest.path}: it differs in ${differs.join(", ")}`,
        hint: "Copy the manifest beside itself, and change nothing but artifacts.promotion.audit.",
      });
    },
  };
}

function placesOf({ environments }: Manifest): string {
  return JSON.stringify(environments.map(({ name, registry }) => [name, registry.uri]));
}
