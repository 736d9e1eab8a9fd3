import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Document, parseAllDocuments, visit } from "yaml";
import { DEPLOY_TARGETS, type PinRequest, pinFiles } from "../../src/deploy/index.ts";
import { FloeError } from "../../src/errors/index.ts";
import { aPin, aRequest, DIGESTS, REPOSITORY, SHAPES } from "./shapes.ts";

function pinned(request: PinRequest): string {
  const [file, ...more] = pinFiles(request);
  if (!file || more.length > 0) throw new Error("one file was expected");
  return file.after;
}

function refusal(request: PinRequest): { code: string; message: string; hint: string | null } {
  try {
    pinFiles(request);
  } catch (error) {
    if (error instanceof FloeError)
      return { code: error.code, message: error.message, hint: error.hint ?? null };
    throw error;
  }
  throw new Error("it was not refused");
}

const values = (text: string): unknown[] =>
  parseAllDocuments(text, { merge: true }).map((one) => one.toJS());

describe("pinning what an environment holds", () => {
  test.each(SHAPES)("pins $what, a second time without a change", ({ target, text, request }) => {
    const once = pinned(aRequest(target, text, request));
    expect(once).toContain(DIGESTS.first);
    expect(once).toMatchSnapshot();
    expect(pinned(aRequest(target, once, request))).toBe(once);
  });

  test.each(SHAPES)(
    "pins another version in $what, and comes back to the same bytes",
    ({ target, text, request }) => {
      const first = { ...request, pin: request?.pin ?? aPin() };
      const second = { ...first, pin: { ...first.pin, digest: DIGESTS.second, version: "v1.3.0" } };
      const one = pinned(aRequest(target, text, first));
      const two = pinned(aRequest(target, one, second));
      expect(two).toContain(DIGESTS.second);
      expect(two).not.toContain(DIGESTS.first);
      expect(pinned(aRequest(target, two, first))).toBe(one);
    },
  );

  test("every line that is not about the artifact stays as it is, byte for byte", () => {
    for (const { target, text, request } of SHAPES) {
      if (text.includes("[{name: shop") || text.startsWith("{") || text.includes("{}")) continue;
      const after = pinned(aRequest(target, text, request)).split("\n");
      const lost = text.split("\n").filter((line) => line.trim() !== "" && !after.includes(line));
      for (const line of lost)
        expect(line).toMatch(
          /newTag|newName|digest|tag:|targetRevision|image: "|semver|registry:|repository:|value:|shop=|^image:$|namePrefix/,
        );
    }
  });

  test.each(DEPLOY_TARGETS)(
    "a new file for %s says what is there, and is kept from then on",
    (target) => {
      const kind = target === "argocd" || target === "flux" ? "chart" : "image";
      const request = { pin: aPin({ kind }) };
      const text = pinned(aRequest(target, null, request));
      expect(text).toMatchSnapshot();
      expect(pinned(aRequest(target, text, request))).toBe(text);
      const next = { pin: aPin({ kind, digest: DIGESTS.second, version: "v2.0.0" }) };
      expect(pinned(aRequest(target, text, next))).toBe(
        text.replaceAll(DIGESTS.first, DIGESTS.second).replaceAll("v1.2.3", "v2.0.0"),
      );
    },
  );

  test("a chart in a values file has version and digest", () => {
    const text = pinned(aRequest("helm", null, { pin: aPin({ kind: "chart", version: "1.2.3" }) }));
    expect(values(text)).toEqual([
      { chart: { repository: `oci://${REPOSITORY}`, version: "1.2.3", digest: DIGESTS.first } },
    ]);
  });

  test("a version that YAML would read as a number is written as text", () => {
    for (const version of ["1e5", "012", "2026.10", "1_000", "off", "1:30"]) {
      const pin = aPin({ kind: "chart", version });
      const text = pinned(aRequest("helm", "a: 1\n", { pin }));
      for (const yaml of ["1.1", "1.2"] as const) {
        const [document] = parseAllDocuments(text, { version: yaml });
        if (!document || !("getIn" in document)) throw new Error("no document");
        expect(document.getIn(["chart", "version"])).toBe(version);
      }
    }
  });

  test("a comment of somebody else behind a digest stays, and none is added", () => {
    const text = `image:\n  repository: ${REPOSITORY}\n  digest: sha256:0 # by hand\n`;
    expect(pinned(aRequest("helm", text))).toBe(
      `image:\n  repository: ${REPOSITORY}\n  digest: ${DIGESTS.first} # by hand\n`,
    );
  });

  test("what belongs to another environment is left alone", () => {
    const one = (name: string): string =>
      `apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: ${name}\nspec:\n  url: oci://${REPOSITORY}\n`;
    const both = `${one("staging")}---\n${one("prod")}`;
    const pin = (environment: string, version: string) =>
      aPin({ kind: "other", environment, version });
    expect(refusal(aRequest("flux", both, { pin: pin("prod", "v1") })).message).toMatch(
      /file\.yaml:\d+:\d+: staging\n.*file\.yaml:\d+:\d+: prod$/,
    );
    const staging = pinned(aRequest("flux", both, { pin: pin("staging", "v2"), name: "staging" }));
    const done = pinned(aRequest("flux", staging, { pin: pin("prod", "v1") }));
    expect(done).toContain("# floe: v2 in staging");
    expect(done).toContain("# floe: v1 in prod");
    expect(refusal(aRequest("flux", done, { pin: pin("dev", "v3") }))).toMatchObject({
      code: "FLOE_DEPLOY_PLACE_UNCLEAR",
      message: expect.stringContaining("pins another environment"),
    });
  });

  test("what another tool writes is refused", () => {
    const kargo = `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  annotations: { kargo.akuity.io/authorized-stage: "shop:prod" }\nspec: { source: { repoURL: "oci://${REPOSITORY}" } }\n`;
    expect(refusal(aRequest("argocd", kargo)).message).toContain("Kargo owns it");
    const automation = `image:\n  repository: ${REPOSITORY}\n  digest: sha256:0 # {"$imagepolicy": "flux-system:shop:digest"}\n`;
    expect(refusal(aRequest("helm", automation)).message).toContain("file.yaml:3:11");
    const classic = `apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source: { repoURL: "registry.example.com:5000/acme", chart: shop, targetRevision: 1.0.0 }\n`;
    expect(refusal(aRequest("argocd", classic)).message).toContain(
      `repoURL: oci://${REPOSITORY} and path: .`,
    );
  });

  test("a container image needs something that runs it", () => {
    for (const target of ["argocd", "flux"] as const)
      for (const text of [null, "kind: ConfigMap\napiVersion: v1\n"])
        expect(refusal(aRequest(target, text))).toMatchObject({
          code: "FLOE_DEPLOY_PLACE_UNCLEAR",
          message: `nothing there is about the container image ${REPOSITORY}`,
        });
  });

  test.each([
    ["images: [\n", "file.yaml:2:1"],
    ["a: 1\nb: 'x\n", "file.yaml:3:1"],
    ["a: 1\na: 2\n", "file.yaml:2:1: a is written twice"],
    ["a: *nothing\n", "file.yaml:1:4"],
    ["\ta: 1\n", "file.yaml:1:1"],
    ["image: text\n---\nimages: {", "file.yaml:3:"],
  ])("%j is refused with its place", (text, place) => {
    const found = refusal(aRequest("helm", text));
    expect(found.code).toBe("FLOE_DEPLOY_FILE_INVALID");
    expect(found.message).toContain(place);
  });

  test.each([
    `image: &x ${"[".repeat(9000)}`,
    `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
    "image: &a\n  x: *a\n",
    "image: [1, 2]\n",
    "shared: &i { repository: x }\nimage: *i\n",
    "just text\n",
    "- 1\n",
    "kind: Kustomization\nimages: text\n",
    "kind: Deployment\n",
    "spec: {}\n---\nspec: {}\n",
  ])("a file that cannot be meant is refused and never half written: %#", (text) => {
    const target = text.startsWith("kind") ? "kustomize" : "helm";
    expect(refusal(aRequest(target, text)).code).toMatch(
      /^FLOE_DEPLOY_(?:FILE_INVALID|PLACE_UNCLEAR)$/,
    );
  });

  test("however a values file is written, pinning changes what it says only where it should, once", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/).filter((word) => word !== "image");
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant("a: b # c"),
      fc.constant("two\nlines\n"),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        tie("map"),
      ),
      map: fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    }));
    const image = fc.record(
      {
        repository: fc.constantFrom(REPOSITORY, "other/app"),
        tag: fc.constantFrom("v1", "", "1.0"),
        digest: fc.constantFrom("", "sha256:0"),
        pullPolicy: fc.constant("Always"),
      },
      { requiredKeys: [] },
    );
    const style = fc.record({
      indent: fc.constantFrom(2, 4),
      flow: fc.boolean(),
      quote: fc.constantFrom("QUOTE_DOUBLE" as const, "QUOTE_SINGLE" as const, "PLAIN" as const),
      end: fc.constantFrom("\n", "\r\n"),
      comment: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.dictionary(key, tree, { maxKeys: 4 }),
        fc.option(image, { nil: undefined }),
        fc.dictionary(key, tree, { maxKeys: 3 }),
        style,
        (before, image, after, { indent, flow, quote, end, comment }) => {
          const data = { ...before, ...(image ? { image } : {}), ...after };
          const text = written(data, { indent, flow, quote, comment }).replaceAll("\n", end);
          const [was] = values(text);
          const once = pinned(aRequest("helm", text));
          const [is] = values(once) as [Record<string, unknown>];
          expect(is["image"]).toEqual({
            ...image,
            repository: REPOSITORY,
            ...(image?.tag ? { tag: "v1.2.3" } : {}),
            digest: DIGESTS.first,
          });
          const { image: _, ...others } = is;
          const { image: __, ...otherBefore } = (was ?? {}) as Record<string, unknown>;
          expect(others).toEqual(otherBefore);
          expect(pinned(aRequest("helm", once))).toBe(once);
          if (comment) expect(once).toContain("# ours");
          if (end === "\r\n") expect(once.replaceAll("\r\n", "")).not.toContain("\n");
        },
      ),
      { numRuns: 300 },
    );
  });
});

function written(
  data: unknown,
  style: {
    indent: number;
    flow: boolean;
    quote: "QUOTE_DOUBLE" | "QUOTE_SINGLE" | "PLAIN";
    comment: boolean;
  },
): string {
  const document = new Document(data);
  if (style.comment) document.commentBefore = " ours";
  visit(document, {
    Collection: (_, node) => {
      node.flow = style.flow;
    },
  });
  return document.toString({ indent: style.indent, defaultStringType: style.quote });
}
