import { startRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";

test("a push that is killed at any of its writes leaves no tag, and the next one succeeds", async () => {
  await using registry = await startRegistry();
  await using project = await aProject({ versions: [] });
  project.write("one.txt", "one");
  project.write("two.txt", "two".repeat(100_000));
  const push = (repository: string): string[] => [
    ...["artifact", "push", `oci://${registry.host}/acme/${repository}:v1.0.0`],
    ...["one.txt", "two.txt"],
  ];
  const before = registry.writes;
  const whole = await project.done(...push("whole"));
  const writes = registry.writes - before;
  expect(writes).toBeGreaterThanOrEqual(4);

  for (let nth = 1; nth <= writes; nth += 1) {
    for (const phase of ["before", "after"] as const) {
      const repository = `killed-${nth}-${phase}`;
      let pid = 0;
      let seen = 0;
      registry.configure({
        onWrite: (event) => {
          if (event.phase !== phase) return;
          seen += 1;
          if (seen === nth) process.kill(pid, "SIGKILL");
        },
      });
      const started = (child: number): void => {
        pid = child;
      };
      const run = await project.runWith({ started }, ...push(repository));
      registry.configure({ onWrite: () => undefined });
      // The tag is the last write; that one had arrived already when the process was killed.
      if (nth < writes) {
        expect([repository, run.code]).toEqual([repository, null]);
        expect([repository, registry.tags(`acme/${repository}`)]).toEqual([repository, {}]);
      }
      expect((await project.done(...push(repository))).stdout).toBe(whole.stdout);
      expect(registry.tags(`acme/${repository}`)).toEqual(registry.tags("acme/whole"));
    }
  }
}, 300_000);
