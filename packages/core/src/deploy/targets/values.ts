import type { Edit } from "../edit.ts";
import { editor, type Place, type Wanted } from "../place.ts";
import { hasMap, textIn, type YamlFile, type YamlPath } from "../yaml-file.ts";

interface ValuesPlace {
  readonly file: YamlFile;
  readonly document: number;
  /** Where the values begin: the top of a values file, `spec.values` of a HelmRelease. */
  readonly path: YamlPath;
  readonly name: string;
}

/** The artifact's place in a chart's values, by the key that the user named or the usual one. */
export function valuesPlace(at: ValuesPlace, wanted: Wanted): Place {
  const { pin } = wanted;
  const key = [...at.path, ...wanted.valuesKey];
  const { set, pin: pinned } = editor(at.document, pin);
  const document = at.file.documents[at.document];
  const text = (path: YamlPath): string | null => (document ? textIn(document, path) : null);
  if (text(key) !== null && pin.kind !== "chart") {
    const reference = `${pin.repository}@${pin.digest}`;
    return { ...at, path: key, edits: [pinned(key, reference)] };
  }
  const path = [...key, "digest"];
  const slash = pin.repository.indexOf("/");
  // Some charts keep the host apart.
  const split = text([...key, "registry"]) !== null && slash > 0;
  const edits: Edit[] =
    pin.kind === "chart"
      ? [
          set([...key, "repository"], `oci://${pin.repository}`),
          set([...key, "version"], pin.version),
          pinned(path, pin.digest),
        ]
      : [
          ...(split ? [set([...key, "registry"], pin.repository.slice(0, slash))] : []),
          set([...key, "repository"], split ? pin.repository.slice(slash + 1) : pin.repository),
          // Where charts show a tag beside the digest, it has to be the right one; it is not added.
          ...(text([...key, "tag"]) ? [set([...key, "tag"], pin.version)] : []),
          pinned(path, pin.digest),
        ];
  return { ...at, path, edits };
}

/** Whether values have the artifact at the key already. */
export function valuesRefer(at: ValuesPlace, { pin, valuesKey }: Wanted): boolean {
  const document = at.file.documents[at.document];
  if (!document) return false;
  const key = [...at.path, ...valuesKey];
  const whole = textIn(document, key);
  if (whole !== null) return repositoryOf(whole) === pin.repository;
  if (!hasMap(document, key)) return false;
  const repository = textIn(document, [...key, "repository"]);
  const registry = textIn(document, [...key, "registry"]);
  const full = registry ? `${registry}/${repository}` : repository;
  return full === pin.repository || full === `oci://${pin.repository}`;
}

/** A reference without tag and digest. */
export function repositoryOf(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}
