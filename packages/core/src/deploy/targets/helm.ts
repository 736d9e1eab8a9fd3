import { markOf } from "../mark.ts";
import type { Pin } from "../pin.ts";
import type { Found, Wanted } from "../place.ts";
import { scalarText } from "../scalar-text.ts";
import { placeIn, type YamlFile, type YamlPath } from "../yaml-file.ts";
import { valuesPlace } from "./values.ts";

/** Finds the artifact's place in a values file: the key says where, so it is always one. */
export function findInValues(files: readonly YamlFile[], wanted: Wanted): Found {
  const [file] = files;
  if (!file) return { places: [], offers: [], problems: [] };
  if (file.documents.length > 1)
    return {
      ...{ places: [], offers: [] },
      problems: [`${placeIn(file, 1, [])}: Helm reads values from one document`],
    };
  const at = { file, document: 0, path: [], name: wanted.valuesKey.join(".") };
  return { places: [valuesPlace(at, wanted)], offers: [], problems: [] };
}

/** A values file that only pins. */
export function newValues(pin: Pin, key: YamlPath): string {
  const chart = pin.kind === "chart";
  const heads = key.map((part, depth) => `${"  ".repeat(depth)}${part}:\n`).join("");
  const indent = "  ".repeat(key.length);
  const repository = chart ? `oci://${pin.repository}` : pin.repository;
  const version = chart ? `${indent}version: ${scalarText(pin.version, undefined)}\n` : "";
  return `# What ${pin.environment} runs, by digest. floe keeps these lines; all else is yours.
${heads}${indent}repository: ${scalarText(repository, undefined)}
${version}${indent}digest: ${pin.digest} ${markOf(pin)}
`;
}
