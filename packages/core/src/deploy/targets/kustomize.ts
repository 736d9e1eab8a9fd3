import { markOf } from "../mark.ts";
import type { Pin } from "../pin.ts";
import type { Found, Wanted } from "../place.ts";
import { placeIn, textIn, type YamlFile } from "../yaml-file.ts";
import { imagesIn, newImage } from "./image-list.ts";

const KINDS: readonly (string | null)[] = [null, "Kustomization", "Component"];

/** Finds the artifact in the `images` of a kustomization; where it is not yet, it can be added. */
export function findInKustomization(files: readonly YamlFile[], wanted: Wanted): Found {
  const [file] = files;
  if (!file) return { places: [], offers: [], problems: [] };
  const [document] = file.documents;
  const kind = document ? textIn(document, ["kind"]) : null;
  const group = (document && textIn(document, ["apiVersion"])) ?? "kustomize.config.k8s.io";
  if (file.documents.length > 1)
    return problem(`${placeIn(file, 1, [])}: a kustomization is one document`);
  if (!KINDS.includes(kind) || !group.startsWith("kustomize.config.k8s.io"))
    return problem(
      `${placeIn(file, 0, ["kind"])}: it is a ${kind} (${group}), not a kustomization`,
    );
  const at = { file, document: 0, path: ["images"], name: wanted.image ?? wanted.pin.repository };
  return { places: imagesIn(at, wanted), offers: [newImage(at, wanted)], problems: [] };
}

function problem(text: string): Found {
  return { places: [], offers: [], problems: [text] };
}

/** A kustomization that only pins. */
export function newKustomization(pin: Pin, image: string | undefined): string {
  const name = image ?? pin.repository;
  const renamed = name === pin.repository ? "" : `    newName: ${pin.repository}\n`;
  return `# What ${pin.environment} runs, by digest. floe keeps the image's lines; resources and all else are yours.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
images:
  - name: ${name}
${renamed}    digest: ${pin.digest} ${markOf(pin)}
`;
}
