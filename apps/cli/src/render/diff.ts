import type { ArtifactDiff, FieldChange } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { paint, plain } from "./paint.ts";

type Content = NonNullable<ArtifactDiff["content"]>;

/** How long a value may be that is shown to people. */
const MAX_VALUE = 80;
/** How many changes of one kind people are shown; JSON has all of them. */
const MAX_LINES = 50;

const SIGNS = { added: "+", removed: "-", changed: "~", retyped: "~" } as const;
const STYLES = { added: "green", removed: "red", changed: "yellow", retyped: "yellow" } as const;

type Change = keyof typeof SIGNS;

/** What differs, for people. */
export function diffText({ from, to, identical, content, gates }: ArtifactDiff): string {
  const name = (side: ArtifactDiff["from"]): string =>
    `${side.environment === null ? "" : `${side.environment}: `}${side.version} (${shortDigest(side.digest)})`;
  const lines = [`${name(from)} → ${name(to)}`];
  if (identical) lines.push("The same artifact.");
  if (!content)
    lines.push("One of the two manifests cannot be read, so nothing could be compared.");
  else lines.push(...contentLines(content));
  const answer = (given: { status: string; summary: string } | null): string =>
    given ? `${given.status} (${given.summary})` : "-";
  lines.push(
    ...section(
      "Gates",
      (gates.changes ?? []).map(({ gate, change, from: one, to: two }) =>
        line(change, `${gate}: ${answer(one)} → ${answer(two)}`),
      ),
    ),
  );
  const notes = [...(content?.notCompared ?? []), ...gates.notCompared];
  lines.push(
    ...section(
      "Not compared",
      notes.map((note) => `  ${plain(note)}`),
    ),
  );
  return lines.join("\n");
}

function contentLines(content: Content): string[] {
  const { artifactType, components, environments, parts, annotations, sbom } = content;
  const kind =
    artifactType.from === artifactType.to
      ? []
      : [line("retyped", `${artifactType.from} → ${artifactType.to}`)];
  const label = (side: { signature: string } | undefined): string => side?.signature ?? "none";
  return [
    ...section("Kind of artifact", kind),
    ...section(
      "Components",
      components.flatMap(({ name, change, type, fields, dependents }) => [
        line(
          change,
          `${name} (${type})${dependents.length > 0 ? `, needed by ${dependents.join(", ")}` : ""}`,
        ),
        ...fields.map((field) => fieldLine(field, "    ")),
      ]),
    ),
    ...section(
      "What environments ask for",
      environments.flatMap(({ name, change, fields }) => [
        line(change, name),
        ...fields.map((field) => fieldLine(field, "    ")),
      ]),
    ),
    ...section(
      "Layers",
      parts.flatMap(({ name, change, from, to, fields }) => [
        line(change, `${name}: ${part(from)} → ${part(to)}`),
        ...(fields ?? []).map((field) => fieldLine(field, "    ")),
      ]),
    ),
    ...section(
      "Annotations",
      annotations.map((field) => fieldLine(field, "  ")),
    ),
    ...section(
      `SBOM components (${label(sbom?.from)} → ${label(sbom?.to)})`,
      (sbom?.components ?? []).map(({ component, change, from, to }) =>
        line(change, `${component} ${from ?? "-"} → ${to ?? "-"}`),
      ),
    ),
  ];
}

function part(given: { readonly digest: string; readonly size: number } | null): string {
  return given ? `${shortDigest(given.digest as never)}, ${given.size} bytes` : "-";
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - MAX_LINES;
  return [
    "",
    paint("bold", title),
    ...lines.slice(0, MAX_LINES),
    ...(more > 0 ? [`  … and ${more} more; -o json has all`] : []),
  ];
}

function line(change: Change, text: string, indent = "  "): string {
  return `${indent}${paint(STYLES[change], SIGNS[change])} ${plain(text)}`;
}

function fieldLine({ path, change, from, to }: FieldChange, indent: string): string {
  const values =
    change === "added"
      ? short(to)
      : change === "removed"
        ? short(from)
        : `${short(from)} → ${short(to)}`;
  return line(change, `${path || "(all of it)"}: ${values}`, indent);
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

/** What differs, as JSON; documented in `docs/reference/json.md`. */
export function diffJson(found: ArtifactDiff): Record<string, unknown> {
  const { from, to, identical, content, gates } = found;
  return {
    from,
    to,
    identical,
    artifact_type: content?.artifactType ?? null,
    components: content?.components ?? null,
    environments: content?.environments ?? null,
    layers:
      content?.parts.map(({ name, mediaType, change, from: one, to: two, fields }) => ({
        name,
        media_type: mediaType,
        change,
        from: one && { digest: one.digest, size: one.size },
        to: two && { digest: two.digest, size: two.size },
        fields,
      })) ?? null,
    annotations: content?.annotations ?? null,
    sbom: content?.sbom ?? null,
    gates: { from: gates.from, to: gates.to, changes: gates.changes },
    not_compared: [
      ...(content?.notCompared ?? ["One of the two manifests cannot be read."]),
      ...gates.notCompared,
    ],
  };
}
