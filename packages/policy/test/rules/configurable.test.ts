import { MEDIA_TYPES } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { findings, gateFor, IMAGE, INDEX, judge, subjectOf } from "../subject.ts";

const CREATED = "org.opencontainers.image.created";
const SOURCE = "org.opencontainers.image.source";
const { signal } = new AbortController();

function rule(builtin: string, settings: object): object[] {
  return [{ id: "the-rule", builtin, with: settings }];
}

function annotated(annotations: Record<string, string>) {
  return subjectOf(IMAGE, { annotations });
}

describe("allowed_registries", () => {
  test("passes a repository that matches", async () => {
    const rules = rule("allowed_registries", { allow: ["ghcr.io/**", "registry.example.com/**"] });
    expect(await judge(rules, subjectOf())).toMatchObject({ status: "passed" });
  });

  test("refuses one that does not, and says what is allowed", async () => {
    const rules = rule("allowed_registries", { allow: ["ghcr.io/**"] });
    const verdict = await judge(rules, subjectOf());
    expect(findings(verdict)).toEqual(["fail FLOE-E201"]);
    expect(verdict.reasons?.[0]).toMatchObject({
      measured: "registry.example.com/acme/app",
      limit: "ghcr.io/**",
      where: "policies.rules.the-rule",
    });
  });

  test("judges the artifact's repository and the configured one", async () => {
    const rules = rule("allowed_registries", { allow: ["registry.example.com/**"] });
    const gate = gateFor({ rules }, { repository: "elsewhere.example/app" });
    const verdict = await gate.evaluate(subjectOf(), { signal });
    expect(verdict.reasons?.map(({ subject }) => subject)).toEqual(["elsewhere.example/app"]);
  });
});

describe("required_annotations", () => {
  const rules = rule("required_annotations", {
    annotations: ["licenses", { key: SOURCE, value: "https://github.com/acme/*" }],
  });

  test("passes when all are there", async () => {
    const subject = annotated({ licenses: "MIT", [SOURCE]: "https://github.com/acme/app" });
    expect(await judge(rules, subject)).toMatchObject({ status: "passed" });
  });

  test("names each one that is missing, empty or has another value", async () => {
    const verdict = await judge(rules, annotated({ licenses: " ", [SOURCE]: "https://evil/app" }));
    expect(verdict.reasons?.map(({ subject, measured }) => [subject, measured])).toEqual([
      ["licenses", undefined],
      [SOURCE, "https://evil/app"],
    ]);
  });

  test("does not take what every object has for an annotation", async () => {
    const proto = rule("required_annotations", { annotations: ["constructor", "__proto__"] });
    expect(findings(await judge(proto, subjectOf()))).toHaveLength(2);
  });
});

describe("max_age", () => {
  const rules = rule("max_age", { max: "30d" });

  test.for([
    ["2026-11-01T00:00:00Z", "passed"],
    ["2026-10-23T12:00:00Z", "passed"],
    ["2026-10-23T11:59:59Z", "failed"],
    ["2026-10-23T13:59:59+02:00", "failed"],
    ["2026-11-22T12:04:00Z", "passed"],
  ] as const)("an artifact of %s has %s", async ([created, status]) => {
    expect(await judge(rules, annotated({ [CREATED]: created }))).toMatchObject({ status });
  });

  test.for([
    [{}, "has no annotation"],
    [{ [CREATED]: "yesterday" }, "no RFC 3339 time"],
    [{ [CREATED]: "2026-11-01" }, "no RFC 3339 time"],
    [{ [CREATED]: "2026-13-01T00:00:00Z" }, "no RFC 3339 time"],
    [{ [CREATED]: "2026-11-22T13:00:00Z" }, "in the future"],
  ] as const)("%j cannot be judged", async ([annotations, message]) => {
    await expect(judge(rules, annotated(annotations))).rejects.toMatchObject({
      code: "FLOE_GATE_ERROR",
      message: expect.stringContaining(message),
    });
  });
});

describe("max_size", () => {
  test("counts manifest, config and layers", async () => {
    const subject = subjectOf();
    const exact = subject.artifact.size + 3100;
    expect(await judge(rule("max_size", { max: exact }), subject)).toMatchObject({
      status: "passed",
    });
    const verdict = await judge(rule("max_size", { max: exact - 1 }), subject);
    expect(verdict.reasons).toMatchObject([
      { code: "FLOE-E204", measured: exact, limit: exact - 1 },
    ]);
  });

  test("counts a layer that is listed twice once", async () => {
    const subject = subjectOf({ ...IMAGE, layers: [...IMAGE.layers, ...IMAGE.layers] });
    const rules = rule("max_size", { max: subject.artifact.size + 3100 });
    expect(await judge(rules, subject)).toMatchObject({ status: "passed" });
  });

  test("cannot judge an index", async () => {
    const subject = subjectOf(INDEX, { mediaType: MEDIA_TYPES.ociIndex });
    await expect(judge(rule("max_size", { max: "1GB" }), subject)).rejects.toThrow(
      "rule the-rule cannot be judged: the artifact is an index",
    );
  });
});

describe("allowed_media_types", () => {
  test.for([
    ["manifest", [MEDIA_TYPES.ociManifest], []],
    ["manifest", [MEDIA_TYPES.ociIndex], ["fail FLOE-E205"]],
    ["config", ["application/vnd.oci.image.config.*"], []],
    ["config", ["application/vnd.oci.image.config.*", "application/*"], []],
    ["layers", ["application/vnd.oci.image.layer.*"], []],
    ["layers", ["application/vnd.docker.*"], ["fail FLOE-E205", "fail FLOE-E205"]],
  ] as const)("of %s, allow %j", async ([of, allow, expected]) => {
    const rules = rule("allowed_media_types", { of, allow });
    expect(findings(await judge(rules, subjectOf()))).toEqual(expected);
  });

  test("the layers of an index cannot be judged", async () => {
    const subject = subjectOf(INDEX, { mediaType: MEDIA_TYPES.ociIndex });
    const rules = rule("allowed_media_types", { of: "layers", allow: ["**"] });
    await expect(judge(rules, subject)).rejects.toThrow("does not say what layers");
  });
});

describe("allowed_artifact_types", () => {
  test("judges the artifact type, and the config's media type without one", async () => {
    const rules = rule("allowed_artifact_types", { allow: ["application/vnd.acme.*"] });
    const typed = subjectOf({ ...IMAGE, artifactType: "application/vnd.acme.chart" });
    expect(await judge(rules, typed)).toMatchObject({ status: "passed" });
    const verdict = await judge(rules, subjectOf());
    expect(verdict.reasons).toMatchObject([
      { code: "FLOE-E206", measured: "application/vnd.oci.image.config.v1+json" },
    ]);
  });

  test("refuses an index without an artifact type", async () => {
    const subject = subjectOf(INDEX, { mediaType: MEDIA_TYPES.ociIndex });
    const verdict = await judge(rule("allowed_artifact_types", { allow: ["**"] }), subject);
    expect(verdict.reasons).toMatchObject([{ measured: "none" }]);
  });
});

describe("naming", () => {
  test("judges the version", async () => {
    expect(await judge(rule("naming", { allow: ["v*"] }), subjectOf())).toMatchObject({
      status: "passed",
    });
    expect(findings(await judge(rule("naming", { allow: ["w*"] }), subjectOf()))).toEqual([
      "fail FLOE-E207",
    ]);
  });

  test("judges an annotation, which must be there", async () => {
    const rules = rule("naming", { annotation: "branch", allow: ["main", "release/*"] });
    const passed = await judge(rules, annotated({ branch: "release/1" }));
    expect(passed.status).toBe("passed");
    const other = await judge(rules, annotated({ branch: "feature/x" }));
    expect(other.reasons).toMatchObject([{ subject: "branch", measured: "feature/x" }]);
    const missing = await judge(rules, subjectOf());
    expect(missing.reasons).toMatchObject([{ message: "the annotation branch is missing" }]);
  });
});
