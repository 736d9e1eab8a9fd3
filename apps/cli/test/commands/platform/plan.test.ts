import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, parseCanonicalJson } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";

interface Plan {
  readonly version: string;
  readonly basis: Readonly<Record<string, unknown>>;
  readonly plan_digest: string;
}

const GATES = { policy_compliance: true, smoke: { command: ["test", "-e", "smoke"] } };
const TO_DEV = ["promote", "v1.0.0", "--to", "dev"];

/** A project whose gate `smoke` passes as long as there is a file of that name. */
async function planned(): Promise<Project> {
  const project = await aProject({
    environments: [
      { name: "dev", gates: GATES },
      { name: "prod", gates: GATES },
    ],
    versions: ["v1.0.0", "v1.1.0"],
  });
  project.write("smoke", "");
  await project.done(...TO_DEV, "--dry-run", "--plan-out", "p.json");
  return project;
}

function planOf(project: Project): Plan {
  const text = project.read("p.json");
  return parseCanonicalJson(new TextEncoder().encode(text.trimEnd())) as unknown as Plan;
}

/** The digest that somebody would compute who changes a plan with care. */
function digestOf(basis: unknown): string {
  return `sha256:${createHash("sha256").update(canonicalJson(basis)).digest("hex")}`;
}

describe("a saved plan", () => {
  test("is applied as long as everything is as it was, and its digest is in the record's", async () => {
    await using project = await planned();
    const { plan_digest, basis } = planOf(project);
    expect(plan_digest).toBe(digestOf(basis));
    const run = await project.done(...TO_DEV, "--plan", "p.json", "--json");
    expect(run.json).toMatchObject({ success: true, plan_digest });
    expect(readdirSync(project.dir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test.each<[string, (project: Project) => Promise<unknown>, string]>([
    [
      "another version runs there",
      async (project) => await project.promote("v1.1.0", "dev"),
      "what runs there was nothing, and is sha256:",
    ],
    [
      "the manifest asks for more",
      async (project) =>
        project.write(
          "manifest.yaml",
          project.read("manifest.yaml").replace("enforcement: enforce", "enforcement: warn"),
        ),
      "the policy was sha256:",
    ],
    [
      "a gate says something else",
      async (project) =>
        project.write(
          "manifest.yaml",
          project
            .read("manifest.yaml")
            .replaceAll(/- test\n(\s+)- -e\n\s+- smoke/g, "- test\n$1- -e\n$1- gone"),
        ),
      "gate smoke was passed, and is failed",
    ],
  ])("is out of date when %s: 20, and nothing is changed", async (_, change, expected) => {
    await using project = await planned();
    await change(project);
    const state = await project.tags();
    const dry = await project.run(...TO_DEV, "--plan", "p.json", "--dry-run", "--json");
    const run = await project.run(...TO_DEV, "--plan", "p.json", "--json");
    expect([dry.code, run.code]).toEqual([20, 20]);
    expect(run.json).toMatchObject({ error: { code: "FLOE_PLAN_OUTDATED" } });
    expect(JSON.stringify(run.json)).toContain(expected);
    const floes = (tag: string): boolean => tag.startsWith("floe-");
    const kept = Object.entries(await project.tags()).filter(([tag]) => !floes(tag));
    expect(Object.fromEntries(kept)).toEqual(
      Object.fromEntries(Object.entries(state).filter(([tag]) => !floes(tag))),
    );
  });

  test.each([
    ["version", { version: "v1.1.0" }, {}],
    ["path", {}, { path: ["none", "prod"] }],
    ["what runs there", {}, { current: `sha256:${"a".repeat(64)}` }],
    ["gate", {}, { gates: [{ gate: "policy_compliance", status: "passed" }] }],
    ["approval", {}, { approvals: [`sha256:${"b".repeat(64)}`] }],
  ])(
    "whose %s was changed by hand, its digest recomputed too, gets nobody anything",
    async (_, outer, inner) => {
      await using project = await planned();
      const plan = planOf(project);
      const basis = { ...plan.basis, ...inner };
      const forged = { ...plan, ...outer, basis, plan_digest: digestOf(basis) };
      project.write("p.json", `${canonicalJson(forged)}\n`);
      const run = await project.run(...TO_DEV, "--plan", "p.json", "--json");
      expect([run.code, run.json]).toMatchObject([20, { error: { code: "FLOE_PLAN_OUTDATED" } }]);
      expect((await project.tags())["latest-dev"]).toBeUndefined();
    },
  );

  test("does not get past a check that came in between, whose own code it ends with", async () => {
    await using project = await planned();
    await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
    expect((await project.run(...TO_DEV, "--plan", "p.json")).code).toBe(13);
  });

  test.each([
    ["is cut off", (text: string) => text.slice(0, 40), "it is not JSON"],
    [
      "has a digest of something else",
      (text: string) =>
        text.replace("v1.0.0", "v1.0.0").replace(/"status":"passed"/, '"status":"failed"'),
      "it was changed by hand or cut off",
    ],
    ["is something else", () => "[]", "expected object"],
    ["is empty", () => "", "it is empty"],
  ])("that %s is refused before anything is asked", async (_, change, expected) => {
    await using project = await planned();
    project.write("p.json", change(project.read("p.json")));
    const run = await project.run(...TO_DEV, "--plan", "p.json");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(expected);
  });

  test("is not written of a plan that is blocked, and what was there stays", async () => {
    await using project = await planned();
    const before = project.read("p.json");
    await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
    for (const file of ["p.json", "other.json"])
      expect((await project.run(...TO_DEV, "--dry-run", "--plan-out", file)).code).toBe(13);
    expect(project.read("p.json")).toBe(before);
    expect(existsSync(join(project.dir, "other.json"))).toBe(false);
  });

  test("that cannot be written is said before anything is promoted", async () => {
    await using project = await planned();
    const run = await project.run(...TO_DEV, "--plan-out", "nowhere/p.json");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("nowhere/p.json cannot be written: ENOENT");
    expect((await project.tags())["latest-dev"]).toBeUndefined();
  });

  test("the next plan knows how long the gates took", async () => {
    await using project = await planned();
    const first = await project.done(...TO_DEV, "--json");
    expect(first.json["estimated_gates_ms"]).toBeNull();
    const next = await project.done("promote", "v1.1.0", "--to", "dev", "--dry-run", "--json");
    expect(next.json["estimated_gates_ms"]).toBeGreaterThanOrEqual(1);
  });
});
