import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject } from "../bed/a-project.ts";
import { problemsOf } from "../docs/output-schemas.ts";

test("floe audit prune keeps what the manifest keeps, and never writes over an archive", async () => {
  const gates = { policy_compliance: true };
  await using project = await aProject({ environments: [{ name: "prod", gates }] });
  await project.promote("v1.0.0", "prod");
  const refused = await project.run("audit", "prune", "--dry-run", "-o", "json");
  const path = join(project.dir, "manifest.yaml");
  const manifest = parse(readFileSync(path, "utf8")) as {
    readonly artifacts: { readonly promotion: Record<string, unknown> };
  };
  manifest.artifacts.promotion["audit"] = { retention: "730d" };
  writeFileSync(path, stringify(manifest));

  const nothing = await project.run("audit", "prune", "--archive", "a.bundle", "-o", "json");
  const younger = await project.run("audit", "prune", "--before", "1d", "-o", "json");
  const planned = await project.done("audit", "prune", "--dry-run", "--env", "prod");

  expect([refused.code, refused.json["error"]]).toEqual([
    2,
    expect.objectContaining({ hint: expect.stringContaining("audit.retention") as string }),
  ]);
  expect([nothing.code, problemsOf("audit-prune", nothing.rows)]).toEqual([0, []]);
  expect(nothing.rows).toMatchObject([{ environment: "prod", status: "nothing", removed: 0 }]);
  expect(existsSync(join(project.dir, "a.bundle"))).toBe(false);
  expect(younger.json["error"]).toMatchObject({ code: "FLOE_LEDGER_PRUNE_REFUSED" });
  expect(planned.stdout).toMatch(/^prod: nothing to remove from before \d{4}-/);
});
