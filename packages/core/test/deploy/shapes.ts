import type { DeployTarget, Pin, PinRequest } from "../../src/deploy/index.ts";
import type { Digest } from "../../src/model/index.ts";

export const REPOSITORY = "registry.example.com:5000/acme/shop";
export const DIGESTS = {
  first: `sha256:${"1".repeat(64)}` as Digest,
  second: `sha256:${"2".repeat(64)}` as Digest,
} as const;

export function aPin(more: Partial<Pin> = {}): Pin {
  return {
    environment: "prod",
    version: "v1.2.3",
    digest: DIGESTS.first,
    repository: REPOSITORY,
    kind: "image",
    ...more,
  };
}

export function aRequest(
  target: DeployTarget,
  text: string | null,
  more: Partial<PinRequest> = {},
): PinRequest {
  const path = "deploy/file.yaml";
  return {
    target,
    pin: aPin(),
    files: text === null ? [] : [{ path, text }],
    newPath: path,
    defaultName: "shop-prod",
    ...more,
  };
}

/** Files as people have them, with what belongs to others in every place where it might be lost. */
export const SHAPES: readonly {
  readonly what: string;
  readonly target: DeployTarget;
  readonly text: string;
  readonly request?: Partial<PinRequest>;
}[] = [
  {
    what: "a kustomization with comments, odd indentation and other images",
    target: "kustomize",
    text: `# our overlay
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

resources:
- ../../base   # shared

images:
- name: sidecar
  newTag: "1.0"        # not floe's
- name: shop
  newName: '${REPOSITORY}'
  newTag: v1.0.0

# patches come last
patches:
    - path: replicas.yaml
      target: { kind: Deployment, name: shop }
`,
  },
  {
    what: "a kustomization without images, and without a newline at its end",
    target: "kustomize",
    text: "resources: [../base]\nnamePrefix: prod-",
    request: { image: "shop" },
  },
  {
    what: "a kustomization with images in brackets",
    target: "kustomize",
    text: `resources: [../base]\nimages: [{name: shop, newName: "${REPOSITORY}", newTag: v1.0.0}] # short\nlabels: []\n`,
  },
  {
    what: "a kustomization with Windows line ends and a digest",
    target: "kustomize",
    text: `resources:\r\n  - ../base\r\nimages:\r\n  - digest: "sha256:${"0".repeat(64)}"\r\n    name: ${REPOSITORY}\r\nnamespace: shop\r\n`,
  },
  {
    what: "a kustomization as JSON",
    target: "kustomize",
    text: `{\n  "resources": ["../base"],\n  "images": [{ "name": "${REPOSITORY}", "newTag": "v1" }]\n}\n`,
  },
  {
    what: "values with a tag, anchors and a merge",
    target: "helm",
    text: `defaults: &defaults
  pullPolicy: IfNotPresent # for all
image: # the application
  <<: *defaults
  repository: ${REPOSITORY}
  tag: &version 'v1.0.0'   # shown in the labels
labels: { "app.kubernetes.io/version": *version }

script: |
  image:
    digest: not this
`,
  },
  {
    what: "values whose image is one text",
    target: "helm",
    text: `api:\n    image: "${REPOSITORY}:v1.0.0" # whole\n    replicas: 2\n`,
    request: { valuesKey: "api.image" },
  },
  {
    what: "values with registry and repository apart",
    target: "helm",
    text: `image:\n  registry: docker.io\n  repository: library/nginx\n  tag: ""\n  digest: ""\n`,
  },
  {
    what: "values that have nothing of it, and end with a text block",
    target: "helm",
    text: "replicas: 2\nconfig: |+\n  a: 1\n\n",
    request: { valuesKey: "shop.image" },
  },
  {
    what: "values in which the key is empty",
    target: "helm",
    text: "image:\nreplicas: 2\n",
  },
  {
    what: "an Application with an OCI source among other documents",
    target: "argocd",
    text: `---
# a project first
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  annotations:
    notes: "keep 'these' quotes"
spec:
  source:
    repoURL: oci://${REPOSITORY}
    targetRevision: v1.0.0
    path: .
  destination: &here
    server: https://kubernetes.default.svc
---
apiVersion: v1
kind: ConfigMap
metadata: { name: other }
`,
    request: { pin: aPin({ kind: "other" }) },
  },
  {
    what: "an Application with several sources, Kustomize images and Helm parameters",
    target: "argocd",
    text: `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  sources:
    - repoURL: https://git.example.com/shop.git
      kustomize:
        images:
          - other=registry.example.com/other:v1
          - shop=${REPOSITORY}:v1.0.0
    - repoURL: https://git.example.com/charts.git
      helm:
        parameters:
          - name: image.repository
            value: ${REPOSITORY}
          - name: image.tag
            value: v1.0.0
`,
  },
  {
    what: "an ApplicationSet with values",
    target: "argocd",
    text: `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: { name: shop }
spec:
  generators: [{ clusters: {} }]
  template:
    metadata: { name: "{{name}}-shop" }
    spec:
      source:
        repoURL: https://git.example.com/charts.git
        helm:
          valuesObject:
            image:
              repository: ${REPOSITORY}
              digest: sha256:0
`,
  },
  {
    what: "an Application that only says that it is for Kustomize",
    target: "argocd",
    text: `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: shop }\nspec:\n  source:\n    repoURL: https://git.example.com/shop.git\n    kustomize: {}\n    path: overlays/prod\n`,
    request: { image: "shop" },
  },
  {
    what: "an OCIRepository that follows a range of versions",
    target: "flux",
    text: `apiVersion: source.toolkit.fluxcd.io/v1beta2
kind: OCIRepository
metadata:
  name: shop
spec:
  interval: 5m
  url: oci://${REPOSITORY}
  ref:
    # was: latest
    semver: ">=1.0.0"
  verify: { provider: cosign }
`,
    request: { pin: aPin({ kind: "other" }) },
  },
  {
    what: "an OCIRepository without ref",
    target: "flux",
    text: `apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: shop\nspec:\n  url: oci://${REPOSITORY}/\n  interval: 5m\n`,
    request: { pin: aPin({ kind: "chart" }) },
  },
  {
    what: "a Flux Kustomization and a HelmRelease that does not refer to it",
    target: "flux",
    text: `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: redis }
spec: { values: { image: { repository: redis } } }
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: shop }
spec:
  images:
  - name: ${REPOSITORY}
    newTag: v1.0.0
  interval: 10m
`,
  },
  {
    what: "a HelmRelease with values",
    target: "flux",
    text: `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: shop }\nspec:\n  values:\n    image:\n      repository: ${REPOSITORY}\n      tag: v1.0.0\n`,
  },
];
