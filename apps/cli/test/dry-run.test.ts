import { describe, expect, test } from "vitest";
import { aProject, type Project, type ProjectOptions } from "./bed/a-project.ts";

const policy = { policy_compliance: true };

const HOLIDAYS = {
  start: "2020-01-01T00:00",
  end: "2029-12-01T00:00",
  timezone: "Europe/Berlin",
  reason: "a long one",
};

/** Set-ups in which the last words are tried dry and for real; `code` is what both end with. */
const MATRIX: readonly {
  readonly name: string;
  readonly options?: ProjectOptions;
  readonly prepare?: (project: Project) => Promise<unknown>;
  readonly args?: readonly string[];
  readonly code: number;
}[] = [
  { name: "nothing stands in the way", code: 0 },
  {
    name: "a gate fails",
    options: {
      environments: [{ name: "dev", gates: { ...policy, smoke: { command: ["false"] } } }],
    },
    code: 8,
  },
  {
    name: "a gate cannot judge",
    options: { environments: [{ name: "dev", gates: { ...policy, tests: true } }] },
    code: 8,
  },
  {
    name: "a gate only warns",
    options: {
      environments: [
        { name: "dev", gates: { ...policy, smoke: { command: ["false"], required: false } } },
      ],
    },
    code: 0,
  },
  {
    name: "the environment is locked",
    prepare: async (project) =>
      await project.done("platform", "lock", "--env", "dev", "--reason", "incident"),
    code: 13,
  },
  {
    name: "the artifact is unsigned",
    options: { versions: [] },
    prepare: async (project) => await project.publish("v1.0.0", { signed: false }),
    code: 6,
  },
  {
    name: "the artifact does not exist",
    options: { versions: ["v1.0.1"] },
    code: 3,
  },
  { name: "the version is not in the source environment", args: ["--to", "staging"], code: 11 },
  { name: "the transition skips an environment", args: ["--to", "prod", "--from", "dev"], code: 9 },
  { name: "the environment is unknown", args: ["--to", "qa"], code: 9 },
  {
    name: "the signer may not",
    options: {
      environments: [
        { name: "dev", gates: policy, authorization: { allowed_operators: ["alice"] } },
      ],
      identities: ["alice"],
    },
    code: 12,
  },
  { name: "there is no signer", options: { signing: { mode: "key-based" } }, code: 12 },
  {
    name: "it is there already",
    prepare: async (project) => await project.promote("v1.0.0", "dev"),
    code: 10,
  },
  {
    name: "it is there already and --force is given",
    prepare: async (project) => await project.promote("v1.0.0", "dev"),
    args: ["--to", "dev", "--force"],
    code: 0,
  },
  {
    name: "it was rolled back from",
    options: { versions: ["v0.9.0", "v1.0.0"] },
    prepare: async (project) => {
      await project.promote("v0.9.0", "dev");
      await project.promote("v1.0.0", "dev");
      await project.done("rollback", "--env", "dev", "--reason", "leaks");
    },
    args: ["--to", "dev", "--force"],
    code: 13,
  },
  {
    name: "the environment is frozen",
    options: { environments: [{ name: "dev", gates: policy, freeze: [HOLIDAYS] }] },
    code: 13,
  },
  {
    name: "the environment is frozen, and who may override that does",
    options: {
      environments: [
        {
          name: "dev",
          gates: { ...policy, smoke: { command: ["false"] } },
          freeze: [HOLIDAYS],
          overrides: { freeze: { groups: ["sre"] }, "gate:smoke": { groups: ["sre"] } },
        },
      ],
      groups: { sre: ["release"] },
    },
    args: ["--to", "dev", "--override", "freeze,gate:smoke", "--reason", "incident"],
    code: 0,
  },
  {
    name: "the environment is frozen, and somebody else overrides that",
    options: {
      environments: [
        {
          name: "dev",
          gates: policy,
          freeze: [HOLIDAYS],
          overrides: { freeze: { groups: ["sre"] } },
        },
      ],
      identities: ["alice"],
      groups: { sre: ["alice"] },
    },
    args: ["--to", "dev", "--override", "freeze", "--reason", "incident"],
    code: 12,
  },
  {
    name: "it has not soaked",
    options: {
      environments: [
        { name: "dev", gates: policy },
        { name: "prod", gates: policy, soak: { from: "dev", hours: 24 } },
      ],
    },
    prepare: async (project) => await project.promote("v1.0.0", "dev"),
    args: ["--to", "prod"],
    code: 13,
  },
  {
    name: "it is quarantined",
    prepare: async (project) =>
      await project.done("platform", "quarantine", "v1.0.0", "--reason", "CVE"),
    code: 13,
  },
  {
    name: "it was adopted in the source environment",
    prepare: async (project) =>
      await project.done("platform", "adopt", "v1.0.0", "--env", "dev", "--reason", "was there"),
    args: ["--to", "staging"],
    code: 0,
  },
  {
    name: "several things block at once",
    options: {
      environments: [
        { name: "dev", gates: policy },
        { name: "prod", gates: policy, authorization: { allowed_operators: ["alice"] } },
      ],
      identities: ["alice"],
      versions: [],
    },
    prepare: async (project) => await project.publish("v1.0.0", { signed: false }),
    args: ["--to", "prod"],
    code: 11,
  },
];

describe("a dry run ends as the run does, and writes nothing", () => {
  test.each(MATRIX)("when $name", async ({ options, prepare, args = ["--to", "dev"], code }) => {
    await using project = await aProject(options);
    await prepare?.(project);
    const before = await project.registryState();
    const dry = await project.run("promote", "v1.0.0", ...args, "--dry-run", "-o", "json");
    expect(await project.registryState()).toEqual(before);
    const run = await project.run("promote", "v1.0.0", ...args, "-o", "json");
    expect([dry.code, run.code]).toEqual([code, code]);
    const told = ({ json }: typeof run): unknown => ({
      success: json["success"],
      error: json["error"],
      blocking: json["blocking"],
      digest: json["artifact_digest"],
      plan: json["plan_digest"],
      signature: json["signature_status"],
      overrides: json["overrides"],
      gates: (
        json["gate_results"] as { gate: string; status: string; summary: string }[] | undefined
      )?.map(({ gate, status, summary }) => ({ gate, status, summary })),
    });
    expect(told(dry)).toEqual(told(run));
  });

  test("people read the same plan, and what would happen", async () => {
    await using project = await aProject();
    const dry = await project.done("promote", "v1.0.0", "--to", "dev", "--dry-run");
    const run = await project.done("promote", "v1.0.0", "--to", "dev");
    const plan = dry.stdout.slice(0, dry.stdout.lastIndexOf("Promotion would succeed\n"));
    expect(plan).not.toBe("");
    expect(run.stdout.startsWith(plan)).toBe(true);
    const blocked = await project.run("promote", "v1.0.0", "--to", "prod", "--dry-run");
    expect(blocked.code).toBe(11);
    expect(blocked.stderr).toMatch(
      /^BLOCKED: v1\.0\.0 is not in staging: .* \[FLOE_SOURCE_NOT_PROMOTED\]$/m,
    );
  });
});
