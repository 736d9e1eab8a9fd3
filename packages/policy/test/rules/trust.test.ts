import { describe, expect, test } from "vitest";
import { factsOf, findings, judge, NOW, subjectOf } from "../subject.ts";

const SBOM = "https://cyclonedx.org/bom";

function ago(hours: number): Date {
  return new Date(NOW.getTime() - hours * 3_600_000);
}

describe("required_signature", () => {
  const rules = [{ id: "signed", builtin: "required_signature" }];

  test("holds for an artifact that somebody trusted has signed", async () => {
    const facts = factsOf({ attested: { signature: "satisfied" } });
    expect(await judge(rules, subjectOf(), facts)).toMatchObject({ status: "passed" });
  });

  test("refuses another, and says how to sign it", async () => {
    const verdict = await judge(rules, subjectOf(), factsOf());
    expect(findings(verdict)).toEqual(["fail FLOE-E208"]);
    expect(verdict.reasons?.[0]).toMatchObject({
      message: expect.stringContaining("nothing is attached"),
      fix: "Attach it: floe artifact sign v1.2.3 --key REF",
    });
  });

  test("is an error when nobody could tell", async () => {
    const facts = factsOf({ attested: { signature: "unjudged" } });
    await expect(judge(rules, subjectOf(), facts)).rejects.toMatchObject({
      code: "FLOE_GATE_ERROR",
    });
    await expect(judge(rules, subjectOf())).rejects.toThrow("only a promotion can ask");
  });
});

describe("required_attestations", () => {
  test("names each type that is missing", async () => {
    const rule = { id: "att", builtin: "required_attestations", with: { types: ["sbom", SBOM] } };
    const facts = factsOf({ attested: { sbom: "satisfied" } });
    const verdict = await judge([rule], subjectOf(), facts);
    expect(verdict.reasons?.map(({ subject }) => subject)).toEqual([SBOM]);
  });
});

describe("soak", () => {
  const rules = [{ id: "soak", builtin: "soak", with: { from: "staging", min: "24h" } }];

  test.for([
    [24, []],
    [23, ["fail FLOE-E210"]],
    [null, ["fail FLOE-E210"]],
  ] as const)("of a digest that is there for %s hours", async ([hours, expected]) => {
    const since = hours === null ? {} : { staging: ago(hours) };
    expect(findings(await judge(rules, subjectOf(), factsOf({ since })))).toEqual(expected);
  });

  test("in an environment that does not exist cannot be judged", async () => {
    const rule = [{ ...rules[0], with: { from: "stagng", min: "24h" } }];
    await expect(judge(rule, subjectOf(), factsOf())).rejects.toThrow('"stagng"');
  });
});
