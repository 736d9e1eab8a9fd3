import { digestOf, EMPTY_DESCRIPTOR } from "@floe/core/model";
import type { GateSubject } from "@floe/core/plugin";
import type { ArtifactFacts } from "@floe/core/ports";
import { COMPILED_MEDIA_TYPE, type CompiledArtifact, parseCompiledArtifact } from "@floe/core/spec";
import { factsOf, IMAGE, subjectOf } from "./subject.ts";

/** A compiled platform, as it is before and after it was published. */
export interface Platform {
  readonly bytes: Uint8Array;
  readonly artifact: CompiledArtifact;
  readonly subject: GateSubject;
  readonly facts: ArtifactFacts;
}

/** Compiles components that need no more than a name. */
export function aPlatform(
  components: readonly object[],
  labels: Readonly<Record<string, string>> = {},
): Platform {
  const document = {
    apiVersion: "floe.dev/v1",
    kind: "CompiledArtifact",
    version: 1,
    metadata: { name: "shop", version: null, owner: null, description: null, labels },
    components: components.map((one) => ({
      ...{ type: "service", version: null, description: null, depends_on: [], tags: [] },
      ...{ config: {}, schema: null },
      ...one,
    })),
    environments: [],
    inputs: [],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const annotations = { "org.opencontainers.image.title": "compiled.json" };
  const layer = { mediaType: COMPILED_MEDIA_TYPE, digest: digestOf(bytes), size: bytes.length };
  const manifest = { ...IMAGE, artifactType: COMPILED_MEDIA_TYPE, config: EMPTY_DESCRIPTOR };
  return {
    bytes,
    artifact: parseCompiledArtifact(bytes, "test"),
    subject: subjectOf({ ...manifest, layers: [{ ...layer, annotations }] }),
    facts: factsOf({ blobs: [bytes, new TextEncoder().encode("{}")] }),
  };
}
