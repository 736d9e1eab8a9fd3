import { expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";
import { writePlugin } from "../bed/write-plugin.ts";

// Half a minute is the shortest time limit that a manifest may set; both tests wait for it at the same time.
const limited = { timeout_seconds: 30 };

test("a command that runs longer than its limit is ended with all it started, and blocks with 8", async () => {
  await using project = await aProject({
    environments: [
      {
        name: "dev",
        gates: {
          policy_compliance: true,
          slow: {
            ...limited,
            command: ["sh", "-c", "(sleep 60; echo late > late.txt) & sleep 50"],
          },
        },
      },
    ],
  });
  const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect(run.code).toBe(8);
  expect((run.json["gate_results"] as unknown[])[1]).toMatchObject({
    status: "error",
    error: { code: "TIMEOUT", message: expect.stringContaining("30 s") },
  });
  expect(() => project.read("late.txt")).toThrow("ENOENT");
});

test("a plugin that never answers is given up after its limit, and blocks with 8", async () => {
  await using project = await aProject({
    environments: [{ name: "dev", gates: { policy_compliance: true, stuck: limited } }],
    plugins: { use: ["floe-plugin-stuck"] },
  });
  writePlugin(project.dir, "floe-plugin-stuck", {
    gates: { stuck: "return await new Promise(() => setInterval(() => {}, 1000));" },
  });
  const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect(run.code).toBe(8);
  expect((run.json["gate_results"] as unknown[])[1]).toMatchObject({
    gate: "stuck",
    status: "error",
    error: { code: "TIMEOUT", message: expect.stringContaining("30 s") },
    plugin: { name: "floe-plugin-stuck", version: "1.2.3", origin: "project" },
  });
});
