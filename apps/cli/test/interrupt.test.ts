import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { aProject, type Project } from "./bed/a-project.ts";

async function appears(project: Project, file: string): Promise<void> {
  while (!existsSync(join(project.dir, file))) await sleep(20);
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s while a gate runs ends with 130, its command with it, and nothing has moved",
  async (signal) => {
    await using project = await aProject({
      environments: [
        {
          name: "dev",
          gates: {
            policy_compliance: true,
            slow: {
              command: ["sh", "-c", "echo $$ > running.txt; sleep 100; echo late > late.txt"],
            },
          },
        },
      ],
    });
    const { promise: started, resolve } = Promise.withResolvers<number>();
    const running = project.runWith(
      { started: resolve },
      ...["promote", "v1.0.0", "--to", "dev", "-o", "json"],
    );
    const pid = await started;
    await appears(project, "running.txt");
    process.kill(pid, signal);
    const run = await running;
    expect(run.code).toBe(130);
    expect(run.json).toMatchObject({
      success: false,
      error: {
        code: "FLOE_INTERRUPTED",
        exit_code: 130,
        message: "interrupted",
        hint: expect.stringContaining("Run the same command again"),
        details: null,
      },
    });
    expect(() => process.kill(Number(project.read("running.txt")), 0)).toThrow("ESRCH");
    expect(existsSync(join(project.dir, "late.txt"))).toBe(false);
    expect(Object.keys(await project.tags()).filter((tag) => !tag.startsWith("floe-"))).toEqual([
      "v1.0.0",
    ]);
  },
);

test("an interrupted gate run says so in a sentence", async () => {
  await using project = await aProject({
    environments: [
      {
        name: "dev",
        gates: {
          policy_compliance: true,
          slow: { command: ["sh", "-c", "touch running.txt; sleep 2"] },
        },
      },
    ],
    versions: ["v1.0.0"],
  });
  const { promise: started, resolve } = Promise.withResolvers<number>();
  const running = project.runWith(
    { started: resolve },
    ...["gate", "run", "slow", "v1.0.0", "--env", "dev"],
  );
  await appears(project, "running.txt");
  process.kill(await started, "SIGINT");
  const run = await running;
  expect(run.code).toBe(130);
  expect(run.stderr).toMatch(/error FLOE_INTERRUPTED: interrupted/);
});
