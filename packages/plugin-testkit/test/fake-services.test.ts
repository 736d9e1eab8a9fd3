import { expect, test } from "vitest";
import { fakeRun, fakeServices } from "../src/index.ts";

const NEVER = new AbortController().signal;

test("fake services keep what a gate logs and starts", async () => {
  const services = fakeServices({ runCommand: ({ argv }) => fakeRun({ argv, stdout: "hi" }) });

  services.logger.warn("careful");
  const run = await services.runCommand({ argv: ["tool", "x"] }, { signal: NEVER });

  expect(run).toMatchObject({ argv: ["tool", "x"], exitCode: 0, stdout: "hi" });
  expect(services.commands).toEqual([{ argv: ["tool", "x"] }]);
  expect(services.logger.lines).toEqual([{ level: "warn", message: "careful" }]);
});

test("fake services run no command that nobody has foreseen", async () => {
  const run = fakeServices().runCommand({ argv: ["rm"] }, { signal: NEVER });

  await expect(run).rejects.toThrow('started ["rm"]');
});

test("the clock of fake services stands still", () => {
  const services = fakeServices({ now: new Date(5) });

  services.now().setTime(9);

  expect(services.now()).toEqual(new Date(5));
});
