import type { Edit } from "../edit.ts";
import { editor, type Place, type Wanted } from "../place.ts";
import { lengthIn, textIn, type YamlFile, type YamlPath } from "../yaml-file.ts";

interface ListPlace {
  readonly file: YamlFile;
  readonly document: number;
  /** Of the list: `images`, or `spec.images`. */
  readonly path: YamlPath;
  readonly name: string;
}

/** Entries of a list of Kustomize images (`name`, `newName`, `newTag`, `digest`) that are the artifact. */
export function imagesIn(at: ListPlace, { pin, image }: Wanted): Place[] {
  const { file, document: index, path: list, name } = at;
  const document = file.documents[index];
  if (!document) return [];
  const { set, pin: pinned, remove } = editor(index, pin);
  return Array.from({ length: lengthIn(document, list) }, (_, item): Place[] => {
    const entry = [...list, item];
    const text = (key: string): string | null => textIn(document, [...entry, key]);
    const [entryName, newName] = [text("name"), text("newName")];
    const mine =
      image === undefined
        ? (newName ?? entryName) === pin.repository || entryName === pin.repository
        : entryName === image;
    if (!mine) return [];
    const path = [...entry, "digest"];
    const edits: Edit[] = [
      ...((newName ?? entryName) === pin.repository
        ? []
        : [set([...entry, "newName"], pin.repository)]),
      pinned(path, pin.digest),
      // With a digest it says nothing, and the old version would stand beside it.
      remove([...entry, "newTag"]),
    ];
    return [{ file, document: index, path, name, edits }];
  }).flat();
}

/** A new entry of such a list. */
export function newImage(at: ListPlace, { pin, image }: Wanted): Place {
  const { append } = editor(at.document, pin);
  const name = image ?? pin.repository;
  const item = {
    name,
    ...(name === pin.repository ? {} : { newName: pin.repository }),
    digest: pin.digest,
  };
  return { ...at, edits: [append(at.path, item)] };
}
