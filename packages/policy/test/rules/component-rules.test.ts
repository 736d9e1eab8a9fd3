import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { aPlatform } from "../a-platform.ts";
import { factsOf, findings, IMAGE, judge, subjectOf } from "../subject.ts";

const NEEDS = [{ id: "refs", builtin: "references_resolve" }];

describe("references_resolve", () => {
  test.for([
    ["what exists", [{ name: "a", depends_on: ["b"] }, { name: "b" }], []],
    ["what does not exist", [{ name: "a", depends_on: ["c"] }], ["the component a needs c"]],
    ["a name twice", [{ name: "a" }, { name: "a" }], ["two components a"]],
    [
      "a circle",
      [
        { name: "a", depends_on: ["b"] },
        { name: "b", depends_on: ["c"] },
        { name: "c", depends_on: ["a"] },
      ],
      ["a → b → c → a"],
    ],
    ["names that objects have", [{ name: "constructor", depends_on: ["toString"] }], ["toString"]],
  ] as const)("with %s", async ([, components, expected]) => {
    const { subject, facts } = aPlatform(components);
    const { reasons = [] } = await judge(NEEDS, subject, facts);
    expect(reasons.map(({ message }) => message)).toEqual(
      expected.map((text) => expect.stringContaining(text)),
    );
  });

  test("cannot be judged for an image", async () => {
    await expect(judge(NEEDS, subjectOf(), factsOf())).rejects.toThrow("floe platform compile");
  });
});

describe("component_naming", () => {
  test("matches a pattern whole, for the types that it is for", async () => {
    const settings = { pattern: "[a-z][a-z0-9-]*", types: ["service"] };
    const rules = [{ id: "names", builtin: "component_naming", with: settings }];
    const names = [{ name: "api" }, { name: "Web" }, { name: "DB", type: "database" }];
    const { subject, facts } = aPlatform(names);
    const verdict = await judge(rules, subject, facts);
    expect(verdict.reasons?.map(({ subject: name }) => name)).toEqual(["Web"]);
  });

  test("takes no longer for a pattern that others go back and forth in", async () => {
    const rules = [{ id: "n", builtin: "component_naming", with: { pattern: "(a+)+b" } }];
    const { subject, facts } = aPlatform([{ name: "a".repeat(99) }]);
    const started = performance.now();
    expect(findings(await judge(rules, subject, facts))).toEqual(["fail FLOE-E214"]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("cannot be judged by a pattern that is not regular", async () => {
    const rules = [{ id: "n", builtin: "component_naming", with: { pattern: "(?=a)" } }];
    const { subject, facts } = aPlatform([{ name: "a" }]);
    await expect(judge(rules, subject, facts)).rejects.toThrow("not a pattern of RE2");
  });
});

describe("required_labels", () => {
  const rules = [
    {
      id: "l",
      builtin: "required_labels",
      with: { labels: ["team", { key: "tier", value: "t*" }] },
    },
  ];
  const labelled = (labels: unknown) => {
    const config = new TextEncoder().encode(JSON.stringify({ config: { Labels: labels } }));
    const descriptor = { ...IMAGE.config, digest: digestOf(config), size: config.length };
    const subject = subjectOf({ ...IMAGE, config: descriptor });
    return judge(rules, subject, factsOf({ blobs: [config] }));
  };

  test("reads the labels of an image's config", async () => {
    expect(await labelled({ team: "a", tier: "t1" })).toMatchObject({ status: "passed" });
    const { reasons = [] } = await labelled({ tier: "x" });
    expect(reasons.map(({ message }) => message)).toEqual([
      "the label team is missing or empty",
      "the label tier does not have an allowed value",
    ]);
    expect(findings(await labelled(null))).toHaveLength(2);
  });

  test("reads the labels of a compiled platform", async () => {
    const { subject, facts } = aPlatform([], { team: "a", tier: "t1" });
    expect(await judge(rules, subject, facts)).toMatchObject({ status: "passed" });
  });
});

describe("base_image", () => {
  const rules = [
    { id: "base", builtin: "base_image", with: { allow: ["docker.io/library/*"], pinned: true } },
  ];
  const base = "org.opencontainers.image.base";

  test.for([
    [{ name: "docker.io/library/node:24", digest: digestOf("x") }, null],
    [{ name: "docker.io/library/node:24" }, "not named by digest"],
    [{ name: "evil.example/node:24", digest: digestOf("x") }, "is not allowed"],
    [{}, "does not say"],
  ] as const)("%o", async ([parts, problem]) => {
    const entries = Object.entries(parts).map(([key, value]) => [`${base}.${key}`, value]);
    const subject = subjectOf(IMAGE, { annotations: Object.fromEntries(entries) });
    const { reasons = [] } = await judge(rules, subject);
    expect(reasons.map(({ message }) => message)).toEqual(
      problem === null ? [] : [expect.stringContaining(problem)],
    );
  });
});
