import { describe, expect, test } from "vitest";
import { aProject, type ProjectOptions } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";

const HOUR = 3_600_000;
const policy = { policy_compliance: true };

/** A moment so many hours from now, as a clock in UTC reads it. */
function hence(hours: number): string {
  return new Date(Date.now() + hours * HOUR).toISOString().slice(0, 19);
}

function span(from: number, to: number, more: Readonly<Record<string, unknown>> = {}) {
  return { start: hence(from), end: hence(to), timezone: "UTC", reason: "holidays", ...more };
}

/** A project whose only environment has freeze windows. */
function frozen(...freeze: readonly Readonly<Record<string, unknown>>[]): ProjectOptions {
  return { environments: [{ name: "dev", gates: policy, freeze }], versions: ["v1.0.0", "v1.1.0"] };
}

describe("a frozen environment", () => {
  test("refuses promotions with 13, and says why, until when here and in UTC, and what to do", async () => {
    const window = span(-1, 2, { timezone: "Asia/Kathmandu", start: undefined, end: undefined });
    const local = (hours: number): string =>
      new Date(Date.now() + hours * HOUR + 5.75 * HOUR).toISOString().slice(0, 19);
    await using project = await aProject(frozen({ ...window, start: local(-1), end: local(2) }));
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(13);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_ENVIRONMENT_FROZEN" });
    const [blocking] = run.json["blocking"] as Json[];
    expect(blocking).toMatchObject({
      message: expect.stringMatching(
        /^dev is frozen until \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? Asia\/Kathmandu \(\d{4}-[-0-9T:]+Z\): holidays$/,
      ),
      hint: "Wait until then. It lets rollback, lock, unlock through.",
      override: "freeze",
    });
    const until = Date.parse(String(blocking?.["until"]));
    expect(until).toBeGreaterThan(Date.now() + 1.9 * HOUR);
    expect(until).toBeLessThan(Date.now() + 2.1 * HOUR);
  });

  test("lets rollbacks and locks through unless its windows say otherwise", async () => {
    await using project = await aProject(frozen(span(-9, -8)));
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const text = project.read("manifest.yaml");
    const rewrite = (allow: string): void => {
      const [, indent = ""] = /( +)reason: holidays/.exec(text) ?? [];
      project.write(
        "manifest.yaml",
        text
          .replace(/start: .*/, `start: ${hence(-1)}`)
          .replace(/end: .*/, `end: ${hence(1)}`)
          .replace("reason: holidays", `reason: holidays${allow.replace("\n", `\n${indent}`)}`),
      );
    };
    const rollback = ["rollback", "--env", "dev", "--reason", "leaks"];
    const lock = ["platform", "lock", "--env", "dev", "--reason", "incident"];
    rewrite("\nallow: [lock]");
    const refused = await project.run(...rollback, "-o", "json");
    expect([refused.code, refused.json["error"]]).toMatchObject([
      13,
      { code: "FLOE_ENVIRONMENT_FROZEN", hint: "Wait until then. It lets lock through." },
    ]);
    await project.done(...lock);
    const unlock = ["platform", "unlock", "--env", "dev", "--reason", "over"];
    const stuck = await project.run(...unlock, "-o", "json");
    expect([stuck.code, stuck.json["error"]]).toMatchObject([
      13,
      { code: "FLOE_ENVIRONMENT_FROZEN" },
    ]);
    rewrite("");
    await project.done(...unlock);
    await project.done(...rollback);
    rewrite("\nallow: [promote]");
    await project.publish("v1.2.0");
    await project.promote("v1.2.0", "dev");
  });

  test("shows on the board what closes it now, and what closes it next", async () => {
    await using project = await aProject(
      frozen(
        span(-1, 2),
        {
          rrule: "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
          duration: "3d",
          timezone: "Europe/Berlin",
        },
        span(30, 31, { reason: "audit" }),
      ),
    );
    const { rows } = await project.done("status", "-o", "json");
    expect(rows[0]?.["held"]).toEqual([
      {
        kind: "freeze",
        version: null,
        reason: "holidays",
        until: expect.stringMatching(/^\d{4}-.*Z$/),
        timezone: "UTC",
        allow: ["rollback", "lock", "unlock"],
      },
    ]);
    expect(rows[0]?.["next_freeze"]).toMatchObject({ timezone: expect.any(String) });
    const { stdout } = await project.done("status");
    expect(stdout).toMatch(/^dev .* frozen$/m);
    expect(stdout).toMatch(
      /^dev: frozen until .* UTC \(.*Z\) \(lets rollback, lock, unlock through\): holidays$/m,
    );
    expect(stdout).toMatch(/^dev: next freeze from .* until .*$/m);
  });

  test("warns a day before it is one, and when the gates may take until then", async () => {
    await using soon = await aProject(frozen(span(3, 5), span(30, 31)));
    const planned = await soon.done("promote", "v1.0.0", "--to", "dev", "--dry-run", "-o", "json");
    expect(planned.json["warnings"]).toEqual([
      expect.stringMatching(
        /^dev is frozen from .* UTC \(.*Z\), in 2 h, until .* UTC \(.*Z\): holidays$/,
      ),
    ]);
    await using now = await aProject(frozen(span(0.01, 5)));
    const late = await now.done("promote", "v1.0.0", "--to", "dev", "--dry-run", "-o", "json");
    expect(late.json["warnings"]).toEqual([
      expect.stringContaining("in 1 min; the gates may take longer than that, until"),
    ]);
  });
});

test("a manifest whose window is none says where", async () => {
  await using project = await aProject(
    frozen({ rrule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", duration: "3d", timezone: "UTC" }),
  );
  const run = await project.run("status", "-o", "json");
  expect(run.code).toBe(2);
  const { details } = run.json["error"] as { details: { issues: Json[] } };
  expect(details.issues).toMatchObject([
    { line: expect.any(Number), message: expect.stringContaining("never occurs") },
  ]);
});
