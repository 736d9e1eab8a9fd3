import { dirname, relative, sep } from "node:path";
import type { Manifest } from "../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import type { CompiledArtifact } from "./compiled-artifact.ts";
import type { LoadedSpec } from "./load-spec.ts";

/**
 * Compiles a spec for the environments of a manifest. Pure: nothing of the clock, the machine or the order of writing goes
 * in, so the same input gives the same bytes.
 */
export function compile(
  spec: LoadedSpec,
  manifest: Pick<Manifest, "path" | "digest" | "environments">,
): { readonly artifact: CompiledArtifact; readonly bytes: Uint8Array } {
  const folder = dirname(spec.path);
  const { name, version = null, owner = null, description = null, labels = {} } = spec.metadata;
  const artifact: CompiledArtifact = {
    apiVersion: "floe.dev/v1",
    kind: "CompiledArtifact",
    version: 1,
    metadata: { name, version, owner, description, labels },
    components: spec.components.map((component) => ({
      name: component.name,
      type: component.type,
      version: component.version ?? null,
      description: component.description ?? null,
      depends_on: [...new Set(component.depends_on)].toSorted(),
      tags: [...new Set(component.tags)].toSorted(),
      config: component.config ?? {},
      schema: component.schema ?? null,
    })),
    environments: manifest.environments.map((environment) => ({
      name: environment.name,
      policy_digest: policyDigest(environment),
      authority_digest: authorityDigest(environment),
      requirements: environment.requirements,
      authority: environment.authority,
    })),
    inputs: [
      { path: inputPath(folder, manifest.path), digest: manifest.digest },
      { path: inputPath(folder, spec.path), digest: spec.digest },
    ].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
  return { artifact, bytes: new TextEncoder().encode(canonicalJson(artifact)) };
}

// Written with slashes everywhere; where the project lies on a machine says nothing about it.
function inputPath(folder: string, path: string): string {
  return relative(folder, path).split(sep).join("/");
}
