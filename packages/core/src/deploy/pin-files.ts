import { FloeError } from "../errors/index.ts";
import { applyEdits } from "./apply-edits.ts";
import { environmentOfMark } from "./mark.ts";
import type { Pin } from "./pin.ts";
import type { Found, Place, Wanted } from "./place.ts";
import { commentBehind } from "./splice.ts";
import { findInApplications, newApplication } from "./targets/argocd.ts";
import { findInFlux, newOciRepository } from "./targets/flux.ts";
import { findInValues, newValues } from "./targets/helm.ts";
import { findInKustomization, newKustomization } from "./targets/kustomize.ts";
import { parseYamlFile, placeIn, type YamlFile } from "./yaml-file.ts";

/** Who deploys, and so what files look like. */
export const DEPLOY_TARGETS = ["kustomize", "argocd", "flux", "helm"] as const;

/** One of {@link DEPLOY_TARGETS}. */
export type DeployTarget = (typeof DEPLOY_TARGETS)[number];

/** What is to be pinned where. */
export interface PinRequest {
  readonly target: DeployTarget;
  readonly pin: Pin;
  /** The YAML files that are there, by the path to show. Of kustomize and helm at most one. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Where a new file goes when none of them is about the artifact. */
  readonly newPath: string;
  /** Name by which manifests call the image; default the repository. */
  readonly image?: string | undefined;
  /** Dotted key of a chart's values. Default `image`, of a chart `chart`. */
  readonly valuesKey?: string | undefined;
  /** `metadata.name` of the object that is meant, or to make. */
  readonly name?: string | undefined;
  /** Name of an object that is made, where `name` says none. */
  readonly defaultName: string;
  /** Namespace of an object that is made: of an Application, the one it deploys to. */
  readonly namespace?: string | undefined;
}

/** A file that pins the artifact. */
export interface PinnedFile {
  readonly path: string;
  /** `null`: it was not there. */
  readonly before: string | null;
  /** Equal to `before` when everything is right already. */
  readonly after: string;
}

const FINDERS = {
  kustomize: findInKustomization,
  argocd: findInApplications,
  flux: findInFlux,
  helm: findInValues,
} as const satisfies Record<DeployTarget, (files: readonly YamlFile[], wanted: Wanted) => Found>;

/**
 * Pins what an environment holds in GitOps files: documents in, documents out. A place that carries floe's comment for
 * another environment is left alone; among several without one, nobody guesses.
 * @throws {FloeError} FLOE_DEPLOY_FILE_INVALID - a file is no YAML, or cannot be written at that place
 * @throws {FloeError} FLOE_DEPLOY_PLACE_UNCLEAR - nothing is about the artifact, several things are, or another tool owns it
 */
export function pinFiles(request: PinRequest): PinnedFile[] {
  const files = request.files.map(({ path, text }) => parseYamlFile(path, text));
  const wanted: Wanted = {
    pin: request.pin,
    image: request.image,
    valuesKey: parseKey(request.valuesKey ?? (request.pin.kind === "chart" ? "chart" : "image")),
    name: request.name,
  };
  const found = FINDERS[request.target](files, wanted);
  if (found.problems.length > 0) throw unclear(found.problems, "Nothing was written.");
  const places = choose(found, request.pin);
  if (places.length === 0) {
    const text = newFile(request, wanted);
    if (text !== null && files.every(({ path }) => path !== request.newPath))
      return [{ path: request.newPath, before: null, after: text }];
    if (found.places.length === 0) throw nothing(request);
    throw unclear(
      found.places.map((place) => `${where(place)}: pins another environment`),
      "Keep the files of each environment apart, and name its folder with --path; or take floe's comment away there.",
    );
  }
  for (const place of places) refuseImagePolicy(place);
  return files
    .filter((file) => places.some((place) => place.file === file))
    .map((file) => {
      const own = places.filter((place) => place.file === file);
      const after = applyEdits(
        file,
        own.flatMap((place) => place.edits),
      );
      return { path: file.path, before: file.text, after };
    });
}

/** The places that are this environment's: those that say so, else the only ones that are nobody's. */
function choose({ places, offers }: Found, pin: Pin): readonly Place[] {
  const objectOf = ({ file, document }: Place): string => `${file.path}#${document}`;
  const marked = places.filter((place) => ownerOf(place) === pin.environment).map(objectOf);
  const free = places.filter((place) => ownerOf(place) === null);
  // In brackets there is no room for the comment: what stands beside a place that has it belongs to it.
  if (marked.length > 0)
    return places.filter(
      (place) =>
        ownerOf(place) === pin.environment ||
        (ownerOf(place) === null && marked.includes(objectOf(place))),
    );
  const candidates = free.length > 0 ? free : places.length > 0 ? [] : offers;
  const objects = new Set(candidates.map(objectOf));
  if (objects.size <= 1) return candidates;
  throw unclear(
    candidates.map((place) => `${where(place)}: ${place.name}`),
    `It could be any of these. Say which with --name, or name its file with --path; once it is pinned, floe's comment says that it is ${pin.environment}'s.`,
  );
}

function ownerOf(place: Place): string | null {
  return environmentOfMark(comment(place));
}

function comment({ file, document, path }: Place): string {
  const one = file.documents[document];
  return (one && commentBehind(file.text, one, path)) ?? "";
}

function where({ file, document, path }: Place): string {
  return placeIn(file, document, path);
}

function refuseImagePolicy(place: Place): void {
  if (!comment(place).includes("$imagepolicy")) return;
  throw unclear(
    [`${where(place)}: Flux's image automation writes there`],
    "Take its $imagepolicy comment away: what runs is decided by promotions.",
  );
}

/** `null`: of a container image alone no object can be made. */
function newFile(
  { target, pin, image, name, defaultName, namespace }: PinRequest,
  wanted: Wanted,
): string | null {
  const named = name ?? defaultName;
  if (target === "kustomize") return newKustomization(pin, image);
  if (target === "helm") return newValues(pin, wanted.valuesKey);
  if (pin.kind === "image") return null;
  return target === "argocd"
    ? newApplication(pin, named, namespace ?? "default")
    : newOciRepository(pin, named, namespace ?? "flux-system");
}

const EXAMPLES = {
  kustomize: "an entry of images",
  helm: "its key",
  argocd:
    "kustomize.images or helm.parameters of its source (an empty `kustomize: {}` will do), or a source `repoURL: oci://…`",
  flux: "spec.images of a Kustomization, spec.values of a HelmRelease, or an OCIRepository",
} as const satisfies Record<DeployTarget, string>;

function nothing({ target, pin }: Pick<PinRequest, "target" | "pin">): FloeError {
  const what = pin.kind === "image" ? "container image" : "artifact";
  return unclear(
    [`nothing there is about the ${what} ${pin.repository}`],
    `Mention it once: ${EXAMPLES[target]}. floe keeps it from then on. --image says by what name manifests call it, --repository where the cluster pulls it from.`,
  );
}

function unclear(problems: readonly string[], hint: string): FloeError {
  return new FloeError({
    code: "FLOE_DEPLOY_PLACE_UNCLEAR",
    message: problems.join("\n  "),
    hint,
    details: { places: [...problems] },
  });
}

/** Splits `api.image`; as in `helm --set`, a backslash keeps a dot. */
function parseKey(text: string): string[] {
  const parts = text.split(/(?<!\\)\./).map((part) => part.replaceAll("\\.", "."));
  if (parts.every((part) => /^[A-Za-z_][\w.-]*$/.test(part) && part !== "__proto__")) return parts;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(text)} is no key of a values file`,
    hint: "Write names with dots between, as in image or api.image.",
  });
}
