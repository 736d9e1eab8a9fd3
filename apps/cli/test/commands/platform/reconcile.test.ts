import { countEnv, crashEnv, readCountedWrites } from "@floe/testing";
import { expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

test("with nothing open it says so and writes nothing", async () => {
  await using project = await aProject();
  await project.promote("v1.0.0", "dev");
  const before = await project.registryState();
  const run = await project.done("platform", "reconcile", "-o", "json");
  expect(run.json).toEqual({
    success: true,
    recovered: [],
    settled: [],
    registry_sync_status: [],
    webhooks: [],
    blocking: [],
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect((await project.done("platform", "reconcile")).stdout).toBe("Nothing was left open.\n");
  expect(await project.registryState()).toEqual(before);
});

// Each tag appears by one write of the index: environment tag, summary, latest tag and outcome are the last four.
test.each([
  ["before its environment tag", 4, "aborted"],
  ["after its environment tag", 3, "succeeded"],
  ["after its verification summary", 2, "succeeded"],
])(
  "a promotion that was killed %s shows as open, and gets one outcome",
  async (_, last, result) => {
    const smoke = { command: ["test", "${ARTIFACT_TAG}", "!=", "v1.0.0"], required: false };
    await using project = await aProject({
      versions: ["v0.8.0", "v0.9.0", "v1.0.0"],
      environments: [{ name: "dev", gates: { policy_compliance: true, smoke } }],
    });
    await project.promote("v0.8.0", "dev");
    const countFile = `${project.dir}/writes.txt`;
    const watched = { dir: project.registry, nodeOptions: "" };
    const promote = ["promote", "v0.9.0", "--to", "dev"];
    await project.runWith({ env: countEnv({ ...watched, countFile }) }, ...promote);
    const at = readCountedWrites(countFile)
      .flatMap((path, index) => (path === "index.json" ? [index + 1] : []))
      .at(-last);
    if (at === undefined) throw new Error("the promotion wrote no index");

    const crash = crashEnv({ ...watched, at, phase: "before" });
    const killed = await project.runWith({ env: crash }, "promote", "v1.0.0", "--to", "dev");
    expect(killed.code).toBeNull();
    const { rows } = await project.done("status", "v1.0.0", "--env", "dev", "-o", "json");
    expect(rows[0]).toMatchObject({
      version: "v0.9.0",
      status: "pending",
      open_intents: [{ action: "promote", version: "v1.0.0", state: "abandoned" }],
    });

    const run = await project.done("platform", "reconcile", "--env", "dev", "-o", "json");
    const tags = await project.tags();
    expect(run.json["recovered"]).toEqual([
      {
        environment: "dev",
        operation: expect.any(String),
        action: "promote",
        version: "v1.0.0",
        digest: tags["v1.0.0"],
        result,
        at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    const board = await project.done("status", "--env", "dev", "-o", "json");
    const unmet = result === "succeeded" ? [{ gate: "smoke", status: "failed" }] : [];
    expect(board.rows[0]).toMatchObject({ open_intents: [], unmet_gates: unmet });
    expect(tags["latest-dev"]).toBe(tags[result === "succeeded" ? "v1.0.0" : "v0.9.0"]);
    expect(tags["v1.0.0-dev"]).toBe(result === "succeeded" ? tags["v1.0.0"] : undefined);
    const history = await project.done("platform", "history", "--version", "v1.0.0", "-o", "json");
    expect(history.rows.map((row) => [row["kind"], row["result"]])).toEqual([
      ["outcome", result],
      ["intent", null],
    ]);
    expect((await project.done("platform", "reconcile", "--json")).json["recovered"]).toEqual([]);
  },
);
