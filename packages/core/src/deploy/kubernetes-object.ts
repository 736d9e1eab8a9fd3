import { textIn, type YamlFile } from "./yaml-file.ts";

/** One document of a file that is a Kubernetes object. */
export interface KubernetesObject {
  readonly file: YamlFile;
  readonly document: number;
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** Lists the objects of files, in order. */
export function objectsIn(files: readonly YamlFile[]): KubernetesObject[] {
  return files.flatMap((file) =>
    file.documents.flatMap((document, index) => {
      const apiVersion = textIn(document, ["apiVersion"]);
      const kind = textIn(document, ["kind"]);
      if (apiVersion === null || kind === null) return [];
      const name = textIn(document, ["metadata", "name"]) ?? "";
      return [{ file, document: index, group: apiVersion.split("/")[0] ?? "", kind, name }];
    }),
  );
}
