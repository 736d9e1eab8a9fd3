import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../bed/a-project.ts";

const REASON = '=cmd|"/C calc"!A0 <script>alert(1)</script>';

let project: Project;
beforeAll(async () => {
  project = await aProject({
    environments: [{ name: "prod", gates: { policy_compliance: true } }],
    versions: ["v1.0.0", "v1.1.0"],
  });
  await project.promote("v1.0.0", "prod");
  await project.promote("v1.1.0", "prod");
  await project.done("rollback", "--env", "prod", "--reason", REASON);
  await project.done("platform", "lock", "--env", "prod", "--reason", REASON);
  await project.run("promote", "v1.1.0", "--to", "prod");
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

async function exported(format: string, ...more: string[]): Promise<string> {
  return (await project.done("audit", "export", "--format", format, ...more)).stdout;
}

async function linesOf(format: string, ...more: string[]): Promise<Record<string, unknown>[]> {
  const text = await exported(format, ...more);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("floe audit export", () => {
  test("writes everything as ndjson, oldest first, with the signed bundles", async () => {
    const lines = await linesOf("ndjson");
    expect(lines.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const line of lines) expect(line).toHaveProperty("bundle.dsseEnvelope.signatures");
    expect(lines.at(-1)).toMatchObject({ kind: "refusal", result: "refused", operator: "release" });
  });

  test("writes CloudEvents 1.0", async () => {
    const lines = await linesOf("cloudevents");
    for (const line of lines) {
      // CloudEvents 1.0.2: required attributes, and extension names of lower-case letters and digits.
      expect(line).toMatchObject({
        specversion: "1.0",
        id: expect.stringMatching(/^sha256:/),
        source: expect.stringMatching(/^urn:floe:ledger:prod:/),
        type: expect.stringMatching(/^dev\.floe\.[a-z]+\.[a-z]+\.v1$/),
        time: expect.stringMatching(/Z$/),
      });
      for (const name of Object.keys(line)) expect(name).toMatch(/^[a-z0-9]+$/);
    }
    expect(lines.map(({ type }) => type).slice(-4)).toEqual([
      "dev.floe.promotion.rollbackstarted.v1",
      "dev.floe.promotion.rolledback.v1",
      "dev.floe.environment.locked.v1",
      "dev.floe.promotion.refused.v1",
    ]);
  });

  test("writes custom CDEvents", async () => {
    for (const line of await linesOf("cdevents")) {
      const { context, subject, ...rest } = line as Record<string, Record<string, string>>;
      expect(rest).toEqual({});
      // CDEvents 0.4, custom/schema.json: these members and no others.
      expect(Object.keys(context ?? {}).sort()).toEqual([
        "id",
        "source",
        "timestamp",
        "type",
        "version",
      ]);
      expect(context?.["type"]).toMatch(
        /^dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.[0-9]\.[0-9]\.[0-9]$/,
      );
      expect(Object.keys(subject ?? {}).sort()).toEqual(["content", "id", "source", "type"]);
      expect(subject?.["type"]).toMatch(/^[a-zA-Z0-9]+-[a-zA-Z]+$/);
    }
  });

  test("writes OCSF API Activity", async () => {
    // OCSF 1.6.0, class api_activity and what it extends: what is required.
    for (const line of await linesOf("ocsf"))
      expect(line).toMatchObject({
        category_uid: 6,
        class_uid: 6003,
        activity_id: expect.any(Number),
        type_uid: 600_300 + Number(line["activity_id"]),
        time: expect.any(Number),
        severity_id: expect.any(Number),
        metadata: { version: "1.6.0", product: { name: "floe", vendor_name: "floe" } },
        actor: { user: { name: "release", uid: expect.any(String) } },
        api: { operation: expect.any(String) },
        src_endpoint: { name: expect.any(String) },
      });
  });

  test("writes a table that no spreadsheet runs", async () => {
    const text = await exported("csv");
    const lines = text.split("\r\n");
    expect(lines[0]).toMatch(/^at,environment,seq,kind,action,result,version,/);
    expect(text).toContain(`"'${REASON.replaceAll('"', '""')}"`);
    expect(text).not.toMatch(/,"?=/);
  });

  test("writes a report of one file, in which nothing that people wrote is markup", async () => {
    const file = join(project.dir, "audit.html");
    await project.done("audit", "export", "--format", "html", "--out", file);
    const html = readFileSync(file, "utf8");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).not.toContain("<script");
    expect(html).not.toMatch(/(?:src|href)=/);
    expect(html).toContain('<td class="ok"');
    expect(html).toContain('class="not_checked"');
  });

  test("tells every event once to whoever keeps the cursor, and notices when one that was told is gone", async () => {
    const cursor = join(project.dir, "siem.cursor");
    const some = await linesOf("ndjson", "--cursor", cursor);
    expect(some).toHaveLength(9);
    expect(await linesOf("ndjson", "--cursor", cursor)).toEqual([]);
    await project.done("platform", "unlock", "--env", "prod", "--reason", "over");
    const more = await linesOf("ndjson", "--cursor", cursor);
    expect(more.map(({ kind }) => kind)).toEqual(["unlock"]);
    await project.store.deleteTag("floe-ev.prod.000000000009", go);
    const before = readFileSync(cursor, "utf8");
    const cut = await project.run("audit", "export", "--format", "ndjson", "--cursor", cursor);
    expect(cut.code).toBe(18);
    expect(cut.stderr).toContain("FLOE_LEDGER_TAMPERED");
    expect(readFileSync(cursor, "utf8")).toBe(before);
  });
});
