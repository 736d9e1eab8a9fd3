import { type KubernetesObject, objectsIn } from "../kubernetes-object.ts";
import { markOf } from "../mark.ts";
import type { Pin } from "../pin.ts";
import { editor, type Found, type Place, type Wanted } from "../place.ts";
import { textIn, type YamlFile } from "../yaml-file.ts";
import { imagesIn, newImage } from "./image-list.ts";
import { valuesPlace, valuesRefer } from "./values.ts";

/**
 * Finds the artifact in Flux's objects: an OCIRepository of it, `spec.images` of a Kustomization, `spec.values` of a
 * HelmRelease. Image policies are left alone: they choose versions, which the promotion has done.
 */
export function findInFlux(files: readonly YamlFile[], wanted: Wanted): Found {
  const objects = objectsIn(files).filter(
    ({ name }) => wanted.name === undefined || wanted.name === name,
  );
  return {
    places: objects.flatMap((object) => placesIn(object, wanted)),
    offers: wanted.pin.kind === "image" ? objects.flatMap((one) => offer(one, wanted)) : [],
    problems: [],
  };
}

function placesIn(object: KubernetesObject, wanted: Wanted): Place[] {
  const at = placeOf(object);
  if (isKind(object, "source.toolkit.fluxcd.io", "OCIRepository"))
    return ociRepository(object, wanted.pin);
  if (isKind(object, "kustomize.toolkit.fluxcd.io", "Kustomization"))
    return imagesIn({ ...at, path: ["spec", "images"] }, wanted);
  if (!isKind(object, "helm.toolkit.fluxcd.io", "HelmRelease")) return [];
  const values = { ...at, path: ["spec", "values"] };
  return valuesRefer(values, wanted) ? [valuesPlace(values, wanted)] : [];
}

function ociRepository(object: KubernetesObject, pin: Pin): Place[] {
  const at = placeOf(object);
  const document = at.file.documents[at.document];
  const url = document ? textIn(document, ["spec", "url"]) : null;
  if (url?.replace(/\/+$/, "") !== `oci://${pin.repository}`) return [];
  const { pin: pinned, remove } = editor(at.document, pin);
  const path = ["spec", "ref", "digest"];
  const others = ["tag", "semver", "semverFilter"].map((key) => remove(["spec", "ref", key]));
  return [{ ...at, path, edits: [pinned(path, pin.digest), ...others] }];
}

function offer(object: KubernetesObject, wanted: Wanted): Place[] {
  const at = placeOf(object);
  if (isKind(object, "kustomize.toolkit.fluxcd.io", "Kustomization"))
    return [newImage({ ...at, path: ["spec", "images"] }, wanted)];
  if (isKind(object, "helm.toolkit.fluxcd.io", "HelmRelease"))
    return [valuesPlace({ ...at, path: ["spec", "values"] }, wanted)];
  return [];
}

function placeOf({ file, document, name }: KubernetesObject) {
  return { file, document, name };
}

function isKind(object: KubernetesObject, group: string, kind: string): boolean {
  return object.group === group && object.kind === kind;
}

/** An OCIRepository of the artifact; of a chart, so that a HelmRelease can name it in `chartRef`. */
export function newOciRepository(pin: Pin, name: string, namespace: string): string {
  const chart =
    pin.kind === "chart"
      ? `  layerSelector:
    mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
    operation: copy
`
      : "";
  return `# What ${pin.environment} runs, by digest. floe keeps ref; all else is yours.
# Have the cluster verify it as well: floe platform verify --env ${pin.environment} --print flux
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  interval: 10m
  url: oci://${pin.repository}
  ref:
    digest: ${pin.digest} ${markOf(pin)}
${chart}`;
}
