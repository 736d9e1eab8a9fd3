import type { Edit } from "./edit.ts";
import { markOf } from "./mark.ts";
import type { Pin } from "./pin.ts";
import type { YamlFile, YamlPath } from "./yaml-file.ts";

/** Somewhere in a file that a digest belongs. */
export interface Place {
  readonly file: YamlFile;
  readonly document: number;
  /** Of the value that holds the digest; what is appended has none yet and names its list. */
  readonly path: YamlPath;
  /** `metadata.name` of the object, or what else it is known by. */
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** What a target looks for, beside what is deployed. */
export interface Wanted {
  readonly pin: Pin;
  /** Name by which manifests call the image; default the repository. */
  readonly image: string | undefined;
  /** Where a chart's values have the image, or the chart. */
  readonly valuesKey: YamlPath;
  /** `metadata.name` of the only object that is meant. */
  readonly name: string | undefined;
}

/** What a target found in the files. */
export interface Found {
  /** Places that refer to the artifact. */
  readonly places: readonly Place[];
  /** Places that could be made to, where none does. */
  readonly offers: readonly Place[];
  /** Why something that refers to it cannot be pinned. */
  readonly problems: readonly string[];
}

/** Writes edits for the same document. */
export function editor(document: number, pin: Pin) {
  return {
    set: (path: YamlPath, value: string): Edit => ({
      ...({ kind: "set", document, path, value } as const),
      mark: null,
    }),
    /** The value that holds the digest. */
    pin: (path: YamlPath, value: string): Edit => ({
      ...({ kind: "set", document, path, value } as const),
      mark: markOf(pin),
    }),
    remove: (path: YamlPath): Edit => ({ kind: "remove", document, path }),
    append: (path: YamlPath, item: string | Readonly<Record<string, string>>): Edit => ({
      ...({ kind: "append", document, path, item } as const),
      mark: markOf(pin),
    }),
  };
}
