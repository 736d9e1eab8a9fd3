import { type Anchor, createAnchor } from "./audit/anchors/anchor.ts";
import { createLogAnchor, type LogAnchor } from "./audit/anchors/log-anchor.ts";
import type { AnchorStore } from "./contract/index.ts";
import type { FloeOptions } from "./create-floe.ts";
import type { AnchorConfig, RegistryConfig } from "./manifest/manifest.ts";
import type { PluginRegistry } from "./plugins/registry.ts";
import type { ArtifactStore, CallOptions } from "./ports/index.ts";

type Opening = Pick<FloeOptions, "manifest" | "readSecret" | "openAnchor" | "openLog">;
type StoredAnchor = Exclude<AnchorConfig, { kind: "rekor" }>;

/** Gives the places for checkpoints that the manifest names. Nothing is opened yet. */
export function openAnchors(
  options: Opening,
  registry: PluginRegistry,
  storeOf: (registry: RegistryConfig) => ArtifactStore,
): Anchor[] {
  const { manifest } = options;
  const stored = manifest.audit.anchors.filter((anchor) => anchor.kind !== "rekor");
  return stored.map((anchor) =>
    createAnchor({
      name: anchor.name,
      kind: anchor.kind === "plugin" ? anchor.provider : anchor.kind,
      location: locationOf(anchor),
      manifest,
      open: (call) => openAnchor(anchor, options, registry, storeOf, call),
    }),
  );
}

/** Gives the log that the manifest names among the places for checkpoints; `null`: none. Nothing is opened yet. */
export function openLogAnchor({ manifest, openLog }: Opening): LogAnchor | null {
  const found = manifest.audit.anchors.find((anchor) => anchor.kind === "rekor");
  if (!found) return null;
  return createLogAnchor(found.name, found.url, async (call) => {
    if (openLog) return await openLog(found.url, call);
    throw new Error(`the manifest names the log ${found.url}, and createFloe was given no openLog`);
  });
}

function locationOf(anchor: StoredAnchor): string {
  if (anchor.kind === "plugin") return anchor.provider;
  return anchor.kind === "file" ? anchor.pathAsWritten : anchor.registry.uriAsWritten;
}

async function openAnchor(
  anchor: StoredAnchor,
  options: Opening,
  registry: PluginRegistry,
  storeOf: (registry: RegistryConfig) => ArtifactStore,
  call: CallOptions,
): Promise<AnchorStore> {
  switch (anchor.kind) {
    case "oci": {
      const { createRepositoryAnchors } = await import("./audit/anchors/repository-anchors.ts");
      return createRepositoryAnchors(storeOf(anchor.registry), locationOf(anchor));
    }
    case "file":
      if (options.openAnchor) return await options.openAnchor(anchor, call);
      throw new Error(
        `the manifest names the folder ${anchor.pathAsWritten}, and createFloe was given no openAnchor to open it`,
      );
    case "plugin": {
      const { openPluginAnchors } = await import("./plugins/open-plugin-anchors.ts");
      return await openPluginAnchors(anchor, options.manifest, registry, options.readSecret, call);
    }
  }
}
