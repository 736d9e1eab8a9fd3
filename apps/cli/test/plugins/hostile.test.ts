import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../bed/a-project.ts";
import type { Json, Run } from "../bed/floe.ts";
import { writePlugin } from "../bed/write-plugin.ts";

const PLUGIN = "floe-plugin-hostile";
const PASSES = 'return { status: "passed", summary: "all is well" };';

interface Hostile {
  /** Body of `evaluate`. */
  readonly evaluate?: string;
  /** Run when the module is imported. */
  readonly atImport?: string;
  readonly meta?: string;
  readonly id?: string;
}

/** A module whose gate does something that a gate must not. */
function moduleOf({ evaluate = PASSES, atImport = "", meta, id = "hostile" }: Hostile): string {
  return `${atImport}
    let turn = 0;
    export default {
      apiVersion: "floe.dev/v1",
      meta: ${meta ?? `{ name: "${PLUGIN}", version: "1.2.3" }`},
      gates: [{ id: "${id}", summary: "s", config: { "~standard": { version: 1, vendor: "t", validate: (value) => ({ value }) } },
        create: (config, services) => ({ async evaluate(subject, options) { ${evaluate} } }) }],
    };`;
}

const strict = { command: ["false"] };

/** A project whose gate `strict` fails, beside the gate of a hostile plugin. */
async function besideStrict(input: Hostile, hostile: unknown = true): Promise<Project> {
  const { id = "hostile" } = input;
  const gates = { policy_compliance: true, [id]: hostile, strict };
  const project = await aProject({
    environments: [{ name: "dev", gates }, { name: "prod" }],
    plugins: { use: [PLUGIN] },
  });
  writePlugin(project.dir, PLUGIN, { gates: { [id]: "" }, source: moduleOf(input) });
  return project;
}

const promote = async (project: Project): Promise<Run> =>
  await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");

const HOSTILE: readonly (readonly [string, Hostile, RegExp | "passes"])[] = [
  [
    "gives itself another name and version",
    { meta: '{ name: "@floe/plugin-gate-tests", version: "9.9.9" }' },
    "passes",
  ],
  [
    "answers for the other gate",
    {
      evaluate:
        'return { status: "passed", summary: "x", gate: "strict", required: false, plugin: { name: "@floe/policy" } };',
    },
    /its verdict is not valid/,
  ],
  [
    "changes what it is shown",
    { evaluate: `subject.artifact.digest = "sha256:0"; subject.gate = "strict"; ${PASSES}` },
    /could not judge/,
  ],
  ["ends the process with success", { evaluate: "process.exit(0);" }, /ended before it was done/],
  [
    "prints a success of its own",
    { evaluate: `console.log('{"success":true}'); process.exitCode = 0; ${PASSES}` },
    "passes",
  ],
  [
    "gives every object a member",
    {
      evaluate: `Object.prototype.required = false; Object.prototype.status = "passed"; ${PASSES}`,
    },
    /Object\.prototype\.required, Object\.prototype\.status/,
  ],
  [
    "replaces how lists and JSON are read",
    {
      evaluate: `Array.prototype.some = () => false; Array.prototype.filter = () => [];
        JSON.parse = () => ({ status: "passed", summary: "x" }); ${PASSES}`,
    },
    /Array\.prototype\.filter, Array\.prototype\.some, JSON\.parse/,
  ],
  [
    "does that only while its answer is read",
    {
      evaluate:
        'return { toJSON() { Object.prototype.blocking = []; return { status: "passed", summary: "x" }; } };',
    },
    /Object\.prototype\.blocking/,
  ],
  [
    "does that when it is imported",
    { atImport: 'Object.prototype.level = "info";' },
    /changes objects of the language: Object\.prototype\.level/,
  ],
  [
    "has a prototype in its details",
    {
      evaluate: `return JSON.parse('{"status":"passed","summary":"x","details":{"__proto__":{"required":false},"constructor":{"prototype":{"a":1}}}}');`,
    },
    "passes",
  ],
  [
    "answers with more than anybody reads",
    { evaluate: 'return { status: "passed", summary: "x", details: { a: "x".repeat(2 ** 25) } };' },
    /characters; 262144 are the limit/,
  ],
  [
    "draws on the terminal",
    { evaluate: 'return { status: "passed", summary: "\\u001b[2J\\u001b[1;1Hpromoted" };' },
    "passes",
  ],
  [
    "throws when nobody listens",
    {
      evaluate:
        'setTimeout(() => { throw new Error("later"); }, 5); await new Promise((r) => setTimeout(r, 200)); return { status: "passed", summary: "x" };',
    },
    /later/,
  ],
];

test("there are at least ten hostile plugins", () => {
  expect(HOSTILE.length).toBeGreaterThanOrEqual(10);
});

describe("next to a gate that fails, a plugin that", () => {
  // They wait half a minute each, and nothing else: first, so that the others run meanwhile.
  test("never answers is an error when its time is over, and nothing moves", async () => {
    const evaluate = "await new Promise(() => {});";
    await using project = await besideStrict({ evaluate }, { timeout_seconds: 30 });
    const run = await promote(project);
    expect(run.code, run.stderr).toBe(8);
    expect(resultOf(run, "hostile")).toMatchObject({ status: "error", error: { code: "TIMEOUT" } });
    expect((await project.tags())["latest-dev"]).toBeUndefined();
  });

  test("never gives control back has floe ended, and nothing moves", async () => {
    const evaluate = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
    await using project = await besideStrict({ evaluate });
    const before = await project.registryState();
    const run = await promote(project);
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain("has kept floe busy for 30 s");
    // It may have been a store of ledgers, in the middle of a write.
    expect(run.stderr).toContain("run the same command again: where something was begun");
    expect(run.stdout).toBe("");
    expect(await project.registryState()).toEqual(before);
  });

  test.each(HOSTILE)(
    "%s lets nothing through, and is named for what it is",
    async (_, input, expected) => {
      await using project = await besideStrict(input);
      const blocked = await promote(project);
      expect(blocked.code, blocked.stdout).not.toBe(0);
      const tags = Object.keys(await project.tags());
      expect(tags.filter((tag) => /dev/.test(tag) && !tag.startsWith("floe-"))).toEqual([]);
      if (blocked.code === 8)
        expect(resultOf(blocked, "strict")).toMatchObject({ status: "failed" });
      expect(blocked.stdout + blocked.stderr).not.toContain("\u001b[2J");

      // Without the other gate: it is refused, or in the record by its real name.
      project.write(
        "manifest.yaml",
        project.read("manifest.yaml").replace(/ +strict:\n +command:\n +- "?false"?\n/, ""),
      );
      expect(project.read("manifest.yaml")).not.toContain("strict");
      const alone = await promote(project);
      if (expected === "passes") {
        expect(alone.code, alone.stderr).toBe(0);
        expect(alone.json["success"]).toBe(true);
        const shown = await project.done(
          "platform",
          "history",
          "--version",
          "v1.0.0",
          "-o",
          "json",
        );
        const judged = [alone.json, ...shown.rows].flatMap(
          (row) => (row["gate_results"] as Json[] | undefined) ?? [],
        );
        const own = judged.filter((result) => result["gate"] === "hostile");
        expect(own.length).toBeGreaterThan(0);
        for (const result of own)
          expect(result["plugin"]).toEqual({ name: PLUGIN, version: "1.2.3", origin: "project" });
      } else {
        expect(alone.code).not.toBe(0);
        expect(alone.stdout + alone.stderr).toMatch(expected);
        expect((await project.tags())["latest-dev"]).toBeUndefined();
      }
    },
  );

  test("takes over the judgement of that gate's command cannot call its failure a success", async () => {
    await using project = await besideStrict({ id: "strict" }, strict);
    const run = await promote(project);
    expect(run.code, run.stderr).toBe(8);
    expect(resultOf(run, "strict")).toMatchObject({
      status: "failed",
      plugin: { name: PLUGIN, version: "1.2.3", origin: "project" },
    });
    expect((await project.tags())["latest-dev"]).toBeUndefined();
  });
});

function resultOf(run: Run, gate: string): Json | undefined {
  return (run.json["gate_results"] as Json[] | undefined)?.find((one) => one["gate"] === gate);
}
