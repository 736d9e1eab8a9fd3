import type { YamlPath } from "./yaml-file.ts";

/** One change of a document. `document` counts from 0. */
export type Edit =
  /** Writes a text, and behind it a comment where the line has none but an older one of floe's. */
  | {
      readonly kind: "set";
      readonly document: number;
      readonly path: YamlPath;
      readonly value: string;
      readonly mark: string | null;
    }
  | { readonly kind: "remove"; readonly document: number; readonly path: YamlPath }
  /** Adds an item to a list, which is made where there is none. The mark stands behind the last line. */
  | {
      readonly kind: "append";
      readonly document: number;
      readonly path: YamlPath;
      readonly item: string | Readonly<Record<string, string>>;
      readonly mark: string;
    };
