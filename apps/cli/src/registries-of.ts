import type { Manifest, RegistryConfig } from "@floe/core";

/** Every repository that a manifest names, its own first. */
export function registriesOf(manifest: Manifest): RegistryConfig[] {
  return [
    manifest.registry,
    ...manifest.environments.map(({ registry }) => registry),
    ...manifest.secondaries.map(({ registry }) => registry),
    ...manifest.audit.anchors.flatMap((anchor) => (anchor.kind === "oci" ? [anchor.registry] : [])),
  ];
}
