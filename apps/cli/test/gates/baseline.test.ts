import type { GateSubject } from "@floe/core/plugin";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "../review/a-world.ts";
import { aCountingGate, counted } from "./a-counting-gate.ts";

/** A world whose `count` gate writes what is next in line, and what the gate was handed each time. */
async function aCountedWorld(
  counts: readonly number[],
  more: { readonly usesBaseline?: boolean; readonly command?: string } = {},
) {
  const subjects: GateSubject[] = [];
  const plugins = [
    aCountingGate({
      usesBaseline: more.usesBaseline ?? true,
      onSubject: (subject) => subjects.push(subject),
    }),
  ];
  const gate = (count: number) => [
    {
      name: "dev",
      gates: {
        policy_compliance: true,
        count: counted(count, more.command === undefined ? {} : { command: more.command }),
      },
      authorization: { allowed_operators: ["release"] },
    },
  ];
  const world = await aWorld({ plugins, environments: gate(counts[0] ?? 0) });
  const outcomes = [];
  for (const [index, count] of counts.entries()) {
    const version = `v1.${index}.0`;
    await world.publish(version);
    const manifest = await world.remake({ environments: gate(count) });
    outcomes.push(await world.floe({ manifest }).promote({ version, to: "dev" }));
  }
  return { world, subjects, outcomes };
}

async function deleted(world: World, tagged: string): Promise<void> {
  const digest = world.store.tags()[tagged];
  if (digest) await world.store.deleteManifest?.(digest, go);
}

describe("a gate that compares with what runs in the target environment", () => {
  test("is handed what it found for that, with its raw report", async () => {
    const { world, subjects, outcomes } = await aCountedWorld([5, 4]);
    await using _ = world;
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "done"]);
    expect(subjects[0]?.baseline).toBeNull();
    const baseline = subjects[1]?.baseline;
    expect(baseline).toMatchObject({
      version: "v1.0.0",
      status: "passed",
      metrics: { count: 5 },
      digest: world.store.tags()["v1.0.0"],
      reports: [{ path: "count.json", format: "auto" }],
    });
    expect(new TextDecoder().decode(baseline?.reports[0]?.bytes)).toBe('{"count": 5}');
  });

  test("can refuse what is worse than before", async () => {
    const { world, outcomes } = await aCountedWorld([5, 6]);
    await using _ = world;
    const last = outcomes.at(-1);
    expect(last).toMatchObject({
      kind: "blocked",
      blocking: [{ code: "FLOE_GATE_FAILED", message: expect.stringContaining("5 at most") }],
    });
  });

  test("gives its command the report as a file, which counts for no report of this run", async () => {
    const command =
      'n=3; if [ -n "$FLOE_BASELINE_REPORT" ]; then n=$(tr -dc 0-9 < "$FLOE_BASELINE_REPORT"); fi; printf \'{"count": %s}\' "$((n + 1))" > "$FLOE_GATE_DIR/count.json"';
    const plugins = [aCountingGate()];
    const gates = {
      count: { command, shell: true, reports: ["${FLOE_GATE_DIR}/*.json"] },
    };
    await using world = await aWorld({ plugins, environments: [{ name: "dev", gates }] });
    const found = [];
    for (const version of ["v1.0.0", "v1.1.0"]) {
      await world.publish(version);
      const outcome = await world.floe().promote({ version, to: "dev" });
      if (outcome.kind !== "done") throw new Error(outcome.kind);
      found.push(outcome.plan.gates.find(({ gate }) => gate === "count")?.metrics);
    }
    expect(found).toEqual([{ count: 4 }, { count: 5 }]);
  });

  test("is an error when the evidence that the record names was deleted", async () => {
    const { world } = await aCountedWorld([5]);
    await using _ = world;
    const tag = Object.keys(world.store.tags()).find((name) => name.startsWith("floe-evd.")) ?? "";
    await deleted(world, tag);
    await world.publish("v2.0.0");
    const outcome = await world.floe().promote({ version: "v2.0.0", to: "dev" });
    expect(outcome).toMatchObject({
      kind: "blocked",
      blocking: [
        {
          code: "FLOE_GATE_ERROR",
          message: expect.stringContaining("it is gone, and the signed record names it"),
        },
      ],
    });
  });

  test("is asked for nothing when it does not say that it compares", async () => {
    const { world, subjects } = await aCountedWorld([5, 6], { usesBaseline: false });
    await using _ = world;
    expect(subjects.map(({ baseline }) => baseline)).toEqual([null, null]);
  });

  test("compares with what was promoted, after a rollback to it", async () => {
    const { world, subjects } = await aCountedWorld([5, 4]);
    await using _ = world;
    await world.floe().rollback({ version: "v1.0.0", environment: "dev", reason: "worse" });
    await world.publish("v3.0.0");
    await world.floe().promote({ version: "v3.0.0", to: "dev" });
    expect(subjects.at(-1)?.baseline).toMatchObject({ version: "v1.0.0", metrics: { count: 5 } });
  });
});
