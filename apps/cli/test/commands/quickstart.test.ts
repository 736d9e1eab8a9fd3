import { blocksOf } from "@floe/testing";
import { expect, test } from "vitest";
import { floe } from "../bed/floe.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";

test("floe quickstart ends with 0 and shows promotions, refusals of what nobody signed and of what fails its tests, a rollback and the board", async () => {
  await using folder = await temporaryFolder();
  const run = await floe(["quickstart"], { cwd: folder.path, env: { TMPDIR: folder.path } });
  expect(run.code).toBe(0);
  for (const environment of ["dev", "staging", "prod"])
    expect(run.stdout).toContain(`Promoted v0.2.0 to ${environment}`);
  expect(run.stdout.match(/\(exit code \d+\)/g)).toEqual(["(exit code 6)", "(exit code 8)"]);
  expect(run.stderr.match(/^BLOCKED: .*$/gm)).toEqual([
    expect.stringMatching(
      /^BLOCKED: v0\.2\.0 has no signature that staging accepts: .*\[FLOE_SIGNATURE_REQUIRED\]$/,
    ),
    expect.stringMatching(
      /gate tests: 1 of 2 tests failed.*at least one replica.*\[FLOE_GATE_FAILED\]/,
    ),
  ]);
  expect(run.stdout.match(/^Rolled back .*$/gm)).toEqual(["Rolled back prod: v0.2.0 → v0.1.0"]);
  const board = run.stdout.slice(run.stdout.indexOf("ENVIRONMENT  VERSION"));
  expect(board).toMatch(
    /^ENVIRONMENT.*\ndev +v0\.3\.0 .* ok\nstaging +v0\.2\.0 .* ok\nprod +v0\.1\.0 .* ok\n/,
  );

  expect(board).toMatch(/^prod runs v0\.1\.0 \(sha256:[0-9a-f]{12}\): trusted$/m);

  // The README shows parts of it, as printed but for ages.
  const shown = blocksOf("README.md", "text").join("").split("\n");
  const ageless = (line: string): string => line.replace(/ (?:now|\d+s) +(?=ok$)/, " ").trimEnd();
  const printed = new Set(`${run.stdout}\n${run.stderr}`.split("\n").map(ageless));
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.filter((line) => !printed.has(ageless(line)))).toEqual([]);

  // What it says about where everything is holds: its folder goes on working.
  const [, at] = /^floe quickstart in (.+)$/m.exec(run.stdout) ?? [];
  const status = await floe(["status", "-o", "json"], { cwd: at ?? "" });
  expect(status.rows.map((row) => row["version"])).toEqual(["v0.3.0", "v0.2.0", "v0.1.0"]);
});
