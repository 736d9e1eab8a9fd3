import { describe, expect, test } from "vitest";
import { judgeCompiled } from "../src/index.ts";
import { aPlatform } from "./a-platform.ts";
import { NOW, REPOSITORY } from "./subject.ts";

const around = {
  environments: ["dev", "staging", "prod"],
  repository: REPOSITORY,
  now: () => NOW,
};
const { signal } = new AbortController();

describe("a compiled platform that is not published", () => {
  test("is judged by what can be told of it, and the rest is listed as open", async () => {
    const rules = [
      { id: "refs", builtin: "references_resolve" },
      { id: "names", builtin: "component_naming", with: { pattern: "[a-z]+" } },
      { id: "owned", expr: "components.all(c, has(c.config.owner))" },
      { id: "small", expr: "artifact.size < 10" },
      { id: "signed", builtin: "required_signature" },
      { id: "other", builtin: "references_resolve", environments: ["dev"] },
    ];
    const components = [
      { name: "api", depends_on: ["db"], config: { owner: "a" } },
      { name: "DB" },
    ];
    const judged = await judgeCompiled({ rules }, aPlatform(components), "prod", around, {
      signal,
    });
    expect(judged.status).toBe("failed");
    expect(judged.reasons.map(({ where, message }) => `${where}: ${message}`)).toEqual([
      "policies.rules.refs: the component api needs db, which does not exist",
      "policies.rules.names: the component DB is not named as the rule wants",
      expect.stringContaining("policies.rules.owned: the expression of owned is false"),
    ]);
    const lines = judged.details["rules"] as readonly { id: string; status: string }[];
    expect(Object.fromEntries(lines.map(({ id, status }) => [id, status]))).toMatchObject({
      ...{ refs: "failed", names: "failed", owned: "failed", small: "needs_artifact" },
      ...{
        signed: "needs_artifact",
        other: "other_environment",
        artifact_pinned: "needs_artifact",
      },
    });
  });

  test("is an error where a rule cannot be judged", async () => {
    const rules = [{ id: "broken", expr: "components[99].name == 'x'" }];
    const judged = await judgeCompiled({ rules }, aPlatform([]), "prod", around, { signal });
    expect(judged).toMatchObject({ status: "error", error: { code: "FLOE_GATE_ERROR" } });
  });

  test("of 500 components is judged by 5 rules", async () => {
    const secret_scanning = {};
    const rules = [
      { id: "refs", builtin: "references_resolve" },
      { id: "names", builtin: "component_naming", with: { pattern: "[a-z][a-z0-9-]*" } },
      { id: "labels", builtin: "required_labels", with: { labels: ["team"] } },
      { id: "replicas", expr: "components.all(c, c.config.replicas >= 2)" },
    ];
    const components = Array.from({ length: 500 }, (_, index) => ({
      name: `service-${index}`,
      depends_on: index === 0 ? [] : [`service-${index - 1}`],
      config: { replicas: 2, port: 8080 + index },
    }));
    const platform = aPlatform(components, { team: "a" });
    const judged = await judgeCompiled({ rules, secret_scanning }, platform, "prod", around, {
      signal,
    });
    expect(judged).toMatchObject({ status: "passed", metrics: { rules: 5 } });
  });
});
