import { type KubernetesObject, objectsIn } from "../kubernetes-object.ts";
import { markOf } from "../mark.ts";
import type { Pin } from "../pin.ts";
import { editor, type Found, type Place, type Wanted } from "../place.ts";
import { hasMap, lengthIn, placeIn, textIn, type YamlFile, type YamlPath } from "../yaml-file.ts";
import { repositoryOf, valuesPlace, valuesRefer } from "./values.ts";

const KARGO = "kargo.akuity.io/authorized-stage";

interface Source extends KubernetesObject {
  readonly path: YamlPath;
}

/**
 * Finds the artifact in Applications and ApplicationSets: as OCI source, in `kustomize.images`, in `helm.parameters` and
 * in `helm.valuesObject` (Argo CD, Application specification).
 */
export function findInApplications(files: readonly YamlFile[], wanted: Wanted): Found {
  const applications = objectsIn(files).filter(
    ({ group, kind, name }) =>
      group === "argoproj.io" &&
      (kind === "Application" || kind === "ApplicationSet") &&
      (wanted.name === undefined || wanted.name === name),
  );
  const sources = applications.flatMap(sourcesOf);
  const found = sources.map((source) => lookAt(source, wanted));
  const places = found.flatMap((one) => one.places);
  const problems = found.flatMap((one) => one.problems);
  const held = places
    .filter(isKargos)
    .map(
      ({ file, document }) => `${placeIn(file, document, ["metadata"])}: Kargo owns it (${KARGO})`,
    );
  const offers = wanted.pin.kind === "image" ? sources.flatMap((one) => offer(one, wanted)) : [];
  return {
    places,
    offers: offers.filter((one) => !isKargos(one)),
    problems: [...problems, ...held],
  };
}

function sourcesOf(object: KubernetesObject): Source[] {
  const document = object.file.documents[object.document];
  const spec = object.kind === "ApplicationSet" ? ["spec", "template", "spec"] : ["spec"];
  if (!document) return [];
  const many = Array.from({ length: lengthIn(document, [...spec, "sources"]) }, (_, index) => ({
    ...object,
    path: [...spec, "sources", index],
  }));
  const one = hasMap(document, [...spec, "source"])
    ? [{ ...object, path: [...spec, "source"] }]
    : [];
  return [...one, ...many];
}

function lookAt(source: Source, wanted: Wanted): Pick<Found, "places" | "problems"> {
  const { file, document: index, path: at, name } = source;
  const document = file.documents[index];
  if (!document) return { places: [], problems: [] };
  const { pin, image } = wanted;
  const { set, pin: pinned, append } = editor(index, pin);
  const places: Place[] = [];
  const add = (path: YamlPath, edits: Place["edits"]): void => {
    places.push({ file, document: index, path, name, edits });
  };
  const url = textIn(document, [...at, "repoURL"])?.replace(/\/+$/, "") ?? "";
  const chart = textIn(document, [...at, "chart"]);
  const bare = url.replace(/^oci:\/\//, "");
  if (chart !== null && `${bare}/${chart}` === pin.repository)
    return {
      places,
      problems: [
        `${placeIn(file, index, [...at, "chart"])}: a source with chart takes a version and no digest; write repoURL: oci://${pin.repository} and path: . instead`,
      ],
    };
  if (chart === null && url === `oci://${pin.repository}`) {
    const path = [...at, "targetRevision"];
    add(path, [pinned(path, pin.digest)]);
  }
  const images = [...at, "kustomize", "images"];
  for (let item = 0; item < lengthIn(document, images); item += 1) {
    const written = textIn(document, [...images, item]) ?? "";
    const equals = written.indexOf("=");
    const called = equals < 0 ? repositoryOf(written) : written.slice(0, equals);
    const now = repositoryOf(written.slice(equals + 1));
    if (
      image === undefined ? now !== pin.repository && called !== pin.repository : called !== image
    )
      continue;
    const path = [...images, item];
    add(path, [pinned(path, imageOverride(called, pin))]);
  }
  const parameters = [...at, "helm", "parameters"];
  const values = new Map<string, YamlPath>();
  for (let item = 0; item < lengthIn(document, parameters); item += 1) {
    const parameter = textIn(document, [...parameters, item, "name"]);
    if (parameter !== null) values.set(parameter, [...parameters, item, "value"]);
  }
  const key = wanted.valuesKey.join(".");
  const repository = values.get(`${key}.repository`);
  if (repository && textIn(document, repository) === pin.repository) {
    const [digest, tag] = [values.get(`${key}.digest`), values.get(`${key}.tag`)];
    const item = { name: `${key}.digest`, value: pin.digest };
    add(digest ?? parameters, [
      ...(tag ? [set(tag, pin.version)] : []),
      digest ? pinned(digest, pin.digest) : append(parameters, item),
    ]);
  }
  const inValues = { file, document: index, path: [...at, "helm", "valuesObject"], name };
  if (valuesRefer(inValues, wanted)) places.push(valuesPlace(inValues, wanted));
  return { places, problems: [] };
}

/** Where an image could be pinned in a source that does not mention it: only where the source says which tool it is for. */
function offer(source: Source, wanted: Wanted): Place[] {
  const { file, document: index, path: at, name } = source;
  const document = file.documents[index];
  const { append } = editor(index, wanted.pin);
  if (!document) return [];
  if (hasMap(document, [...at, "kustomize"])) {
    const path = [...at, "kustomize", "images"];
    const called = wanted.image ?? wanted.pin.repository;
    const edits = [append(path, imageOverride(called, wanted.pin))];
    return [{ file, document: index, path, name, edits }];
  }
  if (!hasMap(document, [...at, "helm"])) return [];
  const path = [...at, "helm", "parameters"];
  const key = wanted.valuesKey.join(".");
  const edits = [
    append(path, { name: `${key}.repository`, value: wanted.pin.repository }),
    append(path, { name: `${key}.digest`, value: wanted.pin.digest }),
  ];
  return [{ file, document: index, path, name, edits }];
}

function imageOverride(called: string, { repository, digest }: Pin): string {
  return `${called === repository ? "" : `${called}=`}${repository}@${digest}`;
}

function isKargos({ file, document }: Place): boolean {
  const one = file.documents[document];
  return one !== undefined && textIn(one, ["metadata", "annotations", KARGO]) !== null;
}

/** An Application whose source is the artifact itself. */
export function newApplication(pin: Pin, name: string, namespace: string): string {
  return `# What ${pin.environment} runs, by digest. floe keeps targetRevision; project, destination and all else are yours.
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: oci://${pin.repository}
    targetRevision: ${pin.digest} ${markOf(pin)}
    path: .
  destination:
    server: https://kubernetes.default.svc
    namespace: ${namespace}
`;
}
