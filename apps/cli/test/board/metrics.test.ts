import { expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";
import { aWorld } from "../review/a-world.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-01T00:00:00Z");

test("figures that nothing is known of are no data, never 0", async () => {
  await using project = await aProject();
  const { json } = await project.done("platform", "metrics", "-o", "json");
  const none = { value: null, samples: 0, how: expect.any(String) };
  expect(json).toEqual({
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    environment: "prod",
    since: null,
    until: expect.stringMatching(/Z$/),
    deployment_frequency: { ...none, unit: "per_day" },
    lead_time: {
      ...{ ...none, unit: "seconds", p90: null, unknown: 0 },
      from: { first_environment: 0, artifact_created: 0 },
    },
    change_failure_rate: { ...none, unit: "ratio" },
    time_to_restore: { ...none, unit: "seconds", p90: null },
  });
  const { stdout } = await project.done("platform", "metrics");
  expect(stdout.match(/no data/g)).toHaveLength(4);
  expect((await project.run("platform", "metrics", "--env", "nowhere")).code).toBe(3);
});

test("figures are computed from what was committed, by the store's clock", async () => {
  let hours = 0;
  await using world = await aWorld({ now: () => new Date(START + hours * HOUR) });
  const at = async (hour: number, act: () => Promise<unknown>): Promise<void> => {
    hours = hour;
    await act();
  };
  const floe = world.floe();
  for (const version of ["v1.0.0", "v1.1.0", "v1.2.0"]) await world.publish(version);
  await at(0, () => world.promote("v1.0.0", "dev", "staging"));
  await at(2, () => world.promote("v1.0.0", "prod"));
  await at(24, () => world.promote("v1.1.0", "dev", "staging"));
  await at(30, () => world.promote("v1.1.0", "prod"));
  await at(33, () => floe.rollback({ environment: "prod", reason: "leaks" }));
  await at(48, () => world.promote("v1.2.0", "dev", "staging"));
  await at(58, () => world.promote("v1.2.0", "prod"));
  await at(60, () => floe.quarantine({ version: "v1.2.0", environments: ["prod"], reason: "bad" }));
  hours = 62;
  const soon = await floe.metrics({ since: new Date(START + 56 * HOUR) });
  expect(soon.deploymentFrequency).toMatchObject({ value: 1, samples: 1 });
  hours = 98;
  const found = await floe.metrics();
  expect(found).toMatchObject({
    environment: "prod",
    since: "2026-11-01T02:00:00.000Z",
    until: "2026-11-05T02:00:00.000Z",
    deploymentFrequency: { value: 3 / 4, samples: 3 },
    leadTime: {
      ...{ value: 6 * 3600, p90: 10 * 3600, samples: 3, unknown: 0 },
      from: { firstEnvironment: 3, artifactCreated: 0 },
    },
    changeFailureRate: { value: 2 / 3, samples: 3 },
    timeToRestore: { value: 3 * 3600, samples: 1 },
  });
  const recent = await floe.metrics({ since: new Date(START + 50 * HOUR) });
  expect(recent).toMatchObject({
    deploymentFrequency: { value: 1 / 2, samples: 1 },
    changeFailureRate: { value: 1, samples: 1 },
    timeToRestore: { value: null, samples: 0 },
  });
  const first = await floe.metrics({ environment: "dev" });
  expect(first.leadTime).toMatchObject({ value: null, samples: 0, unknown: 3 });
});
