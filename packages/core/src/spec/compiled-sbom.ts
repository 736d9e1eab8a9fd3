import type { CompiledArtifact } from "./compiled-artifact.ts";

/**
 * Describes the components of a compiled artifact as a CycloneDX 1.6 document, with what depends on what. It has neither a
 * serial number nor a time, both optional, so that the same artifact has the same document.
 */
export function compiledSbom(artifact: CompiledArtifact): Readonly<Record<string, unknown>> {
  const { metadata, components } = artifact;
  const root = "platform";
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": root,
        name: metadata.name,
        ...(metadata.version === null ? {} : { version: metadata.version }),
        ...(metadata.description === null ? {} : { description: metadata.description }),
      },
    },
    components: components.map((component) => ({
      type: "application",
      "bom-ref": reference(component.name),
      name: component.name,
      ...(component.version === null ? {} : { version: component.version }),
      ...(component.description === null ? {} : { description: component.description }),
      properties: [
        { name: "floe:type", value: component.type },
        ...component.tags.map((tag) => ({ name: "floe:tag", value: tag })),
      ],
    })),
    dependencies: [
      { ref: root, dependsOn: components.map(({ name }) => reference(name)) },
      ...components.map(({ name, depends_on }) => ({
        ref: reference(name),
        dependsOn: depends_on.map(reference),
      })),
    ],
  };
}

function reference(name: string): string {
  return `component:${name}`;
}
