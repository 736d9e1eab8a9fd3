import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { aProject, go } from "../bed/a-project.ts";
import { problemsOf } from "../docs/output-schemas.ts";

const program = fileURLToPath(
  new URL("../../../../packages/audit-verifier/bin/floe-audit-verify.js", import.meta.url),
);
if (!existsSync(program)) throw new Error("packages/audit-verifier is not there");

/** Runs the standalone verifier in a folder. */
async function verifier(cwd: string, ...args: string[]): Promise<{ code: number; out: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { cwd });
    return { code: 0, out: stdout };
  } catch (cause) {
    const { code, stdout } = cause as { code: number; stdout: string };
    return { code, out: stdout };
  }
}

const words = (answers: unknown): unknown =>
  (answers as { environment: string; verdicts: Record<string, { verdict: string }> }[]).map(
    ({ environment, verdicts }) => [
      environment,
      ...Object.values(verdicts).map(({ verdict }) => verdict),
    ],
  );

describe("floe audit bundle", () => {
  test("makes a file that an auditor checks without registry, manifest and floe", async () => {
    const gates = { policy_compliance: true };
    await using project = await aProject({
      environments: ["dev", "prod"].map((name) => ({
        name,
        gates,
        authorization: { allowed_operators: ["release"] },
      })),
    });
    await project.promote("v1.0.0", "dev", "prod");
    await project.done("audit", "checkpoint", "--env", "prod", "--out", "kept.checkpoint");
    await project.done("audit", "checkpoint", "--env", "dev");
    const before = await project.registryState();
    const made = await project.run("audit", "bundle", "--out", "all.bundle", "-o", "json");
    expect(made.code).toBe(0);
    expect(problemsOf("audit-bundle", made.json)).toEqual([]);
    expect(made.json).toMatchObject({
      path: "all.bundle",
      left: [],
      ledgers: [
        { environment: "dev", events: 3, checkpoint: true },
        { environment: "prod", events: 3, checkpoint: true },
      ],
    });
    expect(await project.registryState()).toEqual(before);
    await project.done("audit", "bundle", "--out", "again.bundle");
    expect(project.read("again.bundle")).toBe(project.read("all.bundle"));
    const artifact = await project.store.resolve("v1.0.0", go);
    const bundled = readFileSync(join(project.dir, "all.bundle"), "utf8").trimEnd().split("\n");
    const objects = bundled
      .map((line) => JSON.parse(line) as { type: string; digest?: string })
      .filter(({ type }) => type === "object");
    // The artifact's manifest; its signature; a record and a summary for each environment, with their blobs and policies.
    expect(objects.map(({ digest }) => digest)).toContain(artifact?.digest);
    expect(objects.length).toBeGreaterThanOrEqual(11);

    const trust = ["--trust", "keys/release.pub", "--checkpoint", "kept.checkpoint"];
    const floe = await project.run("audit", "verify", "--bundle", "all.bundle", ...trust, "--json");
    const key = ["--key", "keys/release.pub", "--checkpoint", "kept.checkpoint"];
    const other = await verifier(project.dir, ...key, "--json", "all.bundle");
    expect([floe.code, other.code]).toEqual([0, 0]);
    expect(problemsOf("audit-verify", floe.rows)).toEqual([]);
    expect(words(floe.rows)).toEqual([
      ["dev", "ok", "ok", "ok", "ok"],
      ["prod", "ok", "ok", "ok", "ok"],
    ]);
    expect(words(JSON.parse(other.out))).toEqual(words(floe.rows));

    // A byte of an event, and everything around it left as it was.
    const at = bundled.findIndex((line) => line.includes('"environment":"prod","seq":1'));
    const line = JSON.parse(bundled[at] ?? "") as { bytes: string };
    const bytes = Buffer.from(line.bytes, "base64");
    const place = bytes.indexOf('"payload":"') + 2000;
    bytes[place] = bytes[place] === 0x41 ? 0x42 : 0x41;
    bundled[at] = JSON.stringify({ ...line, bytes: bytes.toString("base64") });
    project.write("changed.bundle", `${bundled.join("\n")}\n`);
    const changed = await project.run("audit", "verify", "--bundle", "changed.bundle", ...trust);
    expect(changed.code).toBe(18);
    expect(changed.stdout).toMatch(/✗ integrity \(failed\): event [12]: /);
    expect((await verifier(project.dir, ...key, "changed.bundle")).code).toBe(18);
  });

  test("takes one environment alone, and of what is no bundle nobody concludes anything", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev", "staging");
    await project.done("audit", "bundle", "--env", "dev", "--out", "dev.bundle");
    const unchecked = await project.run("audit", "verify", "--bundle", "dev.bundle", "-o", "json");
    expect(unchecked.code).toBe(18);
    expect(words(unchecked.rows)).toEqual([["dev", "ok", "ok", "not_checked", "not_checked"]]);
    const allowed = ["--allow-unchecked", "anchoring", "--trust", "keys/release.pub"];
    const named = await project.run("audit", "verify", "--bundle", "dev.bundle", ...allowed);
    expect(named.code).toBe(0);
    for (const [file, code] of [
      ["manifest.yaml", "FLOE_AUDIT_BUNDLE_INVALID"],
      ["none.bundle", "FLOE_USAGE_INVALID"],
    ] as const) {
      const run = await project.run("audit", "verify", "--bundle", file, "-o", "json");
      expect([run.code, run.json["error"]]).toMatchObject([2, { code }]);
    }
  });
});
