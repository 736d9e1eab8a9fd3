import { describe, expect, test } from "vitest";
import { policyDigest } from "../../src/manifest/policy-digests.ts";
import { findEnvironment, judgeTransition, pathText } from "../../src/promotion/environments.ts";
import { nearNames } from "../../src/promotion/near-names.ts";
import { aManifest, anEnvironment } from "../a-manifest.ts";

const manifest = aManifest({ environments: ["dev", "qa", "staging", "prod"] });

describe("judgeTransition", () => {
  test("goes from nothing to the first environment, and from each to the next", () => {
    expect(judgeTransition(manifest, "dev", undefined)).toMatchObject({
      source: "none",
      problem: null,
    });
    expect(judgeTransition(manifest, "staging", undefined)).toMatchObject({
      source: "qa",
      problem: null,
    });
    expect(judgeTransition(manifest, "staging", "qa")).toMatchObject({ problem: null });
    expect(judgeTransition(manifest, "dev", "none")).toMatchObject({ problem: null });
  });

  test.each([
    ["prod", "dev", "skips"],
    ["prod", "none", "skips"],
    ["dev", "prod", "backwards"],
    ["staging", "staging", "backwards"],
    ["prdo", undefined, "no environment"],
    ["prod", "stagign", "no environment"],
  ])("refuses %s from %s because it %s", (to, from, why) => {
    const { problem } = judgeTransition(manifest, to, from);

    expect(problem).toMatchObject({ code: "FLOE_TRANSITION_INVALID", exitCode: 9 });
    expect(problem?.message).toContain(why);
    expect(problem?.hint).toContain(pathText(manifest));
  });

  test("says which environment was meant", () => {
    expect(judgeTransition(manifest, "prdo", undefined).problem?.hint).toContain("--to prod");
  });
});

test("finds an environment, or says which one was meant", () => {
  expect(findEnvironment(manifest, "qa").name).toBe("qa");
  expect(() => findEnvironment(manifest, "quality")).toThrow(
    expect.objectContaining({
      code: "FLOE_ENVIRONMENT_NOT_FOUND",
      hint: expect.stringContaining("dev, qa"),
    }),
  );
  expect(() => findEnvironment(manifest, "stagin")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("staging") }),
  );
});

test("near names are few, and nothing is suggested for what is like nothing", () => {
  expect(nearNames("v1.2.4", ["v1.2.3", "v1.3.4", "v9.9.9", "latest"])).toEqual([
    "v1.2.3",
    "v1.3.4",
  ]);
  expect(nearNames("zebra", ["dev", "qa"])).toEqual([]);
});

test("a policy digest depends on what is required and on nothing else", () => {
  const one = anEnvironment("prod", { requirements: { gates: { a: 1, b: 2 } } });
  const same = anEnvironment("prod", {
    requirements: { gates: { b: 2, a: 1 } },
    authority: { groups: ["x"] },
  });
  const other = anEnvironment("prod", { requirements: { gates: { a: 1, b: 3 } } });

  expect(policyDigest(one)).toBe(policyDigest(same));
  expect(policyDigest(one)).not.toBe(policyDigest(other));
});
