import { digestOf, MEDIA_TYPES } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { findings, gateFor, IMAGE, INDEX, judge, REPOSITORY, subjectOf } from "../subject.ts";

const { signal } = new AbortController();

describe("the rules that are always on", () => {
  test("pass an ordinary image and an ordinary index", async () => {
    expect(await judge({}, subjectOf())).toMatchObject({
      status: "passed",
      summary: "all 4 rules hold",
      reasons: [],
      metrics: { rules: 4, violations: 0, warnings: 0 },
    });
    const index = subjectOf(INDEX, { mediaType: MEDIA_TYPES.ociIndex });
    expect(await judge(undefined, index)).toMatchObject({ status: "passed" });
  });

  test("refuse a reference by tag", async () => {
    const verdict = await judge({}, subjectOf(IMAGE, { reference: `${REPOSITORY}:v1.2.3` }));
    expect(verdict.status).toBe("failed");
    expect(verdict.summary).toMatch(/^refused by 1 of 4 rules: artifact_pinned \(.*v1\.2\.3.*\)$/);
    expect(verdict.reasons).toEqual([
      expect.objectContaining({
        code: "FLOE-E101",
        level: "fail",
        where: "built-in rule artifact_pinned",
        message: expect.stringContaining("is not pinned"),
      }),
    ]);
  });

  test("refuse a reference with another digest than the artifact's", async () => {
    const reference = `${REPOSITORY}@${digestOf("another")}`;
    expect(findings(await judge({}, subjectOf(IMAGE, { reference })))).toEqual(["fail FLOE-E101"]);
  });

  test("refuse bytes that do not have the digest or the size", async () => {
    const digest = digestOf("another");
    const reference = `${REPOSITORY}@${digest}`;
    const bytes = subjectOf(IMAGE, { digest, reference });
    expect(findings(await judge({}, bytes))).toEqual(["fail FLOE-E101"]);
    expect(findings(await judge({}, subjectOf(IMAGE, { size: 1 })))).toEqual(["fail FLOE-E101"]);
  });

  test("refuse an unknown media type once, whatever the bytes", async () => {
    const mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    const verdict = await judge({}, subjectOf("no json", { mediaType }));
    expect(findings(verdict)).toEqual(["fail FLOE-E102"]);
    expect(verdict.reasons?.[0]).toMatchObject({ measured: mediaType });
  });

  test("refuse a manifest that says another media type than the registry", async () => {
    const subject = subjectOf({ ...IMAGE, mediaType: MEDIA_TYPES.dockerManifest });
    expect(findings(await judge({}, subject))).toEqual(["fail FLOE-E102"]);
  });

  test("refuse a manifest that is an image to one reader and an index to another", async () => {
    const verdict = await judge({}, subjectOf({ ...IMAGE, manifests: INDEX.manifests }));
    expect(findings(verdict)).toEqual(["fail FLOE-E103"]);
    expect(verdict.reasons?.[0]?.fix).toContain("CVE-2021-41190");
  });

  test.for([
    ["v1.2.3", []],
    ["1.2.3-rc.1", []],
    ["release-42", []],
    ["v1.2.3-prod", ["fail FLOE-E104"]],
    ["v1.2.3-prod-rollback-1", ["fail FLOE-E104"]],
    ["latest-prod", ["fail FLOE-E104"]],
    ["latest", ["fail FLOE-E104"]],
    ["floe-rec.x", ["fail FLOE-E104"]],
    ["v1.2.3+build", ["fail FLOE-E104"]],
    ["v1.2.3\n", ["fail FLOE-E104"]],
    ["", ["fail FLOE-E104"]],
  ] as const)("judge the version %j", async ([version, expected]) => {
    expect(findings(await judge({}, subjectOf(IMAGE, { version })))).toEqual(expected);
  });

  test("take a version of the configured pattern as one", async () => {
    const subject = subjectOf(IMAGE, { version: "snapshot-7" });
    const gate = gateFor({}, { versionPattern: /^snapshot-\d+$/ });
    expect(await gate.evaluate(subject, { signal })).toMatchObject({ status: "passed" });
    expect(await judge({}, subject)).toMatchObject({ status: "failed" });
  });
});
