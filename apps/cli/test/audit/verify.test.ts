import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../bed/a-project.ts";

const gates = { policy_compliance: true };
const verify = ["audit", "verify", "--env", "prod", "-o", "json"];
const event = (seq: number): string => `floe-ev.prod.${String(seq).padStart(12, "0")}`;

interface Verdict {
  readonly verdict: string;
  readonly summary: string;
  readonly findings: readonly { readonly seq: number | null; readonly code: string }[];
}

/** Runs `audit verify` and gives the four answers. */
async function verdicts(project: Project, ...more: string[]) {
  const run = await project.run(...verify, ...more);
  const [only] = run.rows as { verdicts: Record<string, Verdict> }[];
  const answers = only?.verdicts ?? {};
  const words = Object.fromEntries(
    Object.entries(answers).map(([name, { verdict }]) => [name, verdict]),
  );
  return { code: run.code, words, answers };
}

/** A project with a few events, and the registry's folder as it was, to come back to. */
async function aLedger() {
  const project = await aProject({
    environments: [{ name: "prod", gates, authorization: { allowed_operators: ["release"] } }],
    versions: ["v1.0.0", "v1.1.0"],
    identities: ["mallory"],
  });
  await project.promote("v1.0.0", "prod");
  await project.done("platform", "lock", "--env", "prod", "--reason", "audit");
  await project.done("platform", "unlock", "--env", "prod", "--reason", "audit over");
  return project;
}

async function put(project: Project, tag: string, from: string | null): Promise<void> {
  const found = from === null ? null : await project.store.getManifest(from, go);
  await project.store.deleteTag(tag, go);
  if (found)
    await project.store.createTag(
      tag,
      { bytes: found.bytes, mediaType: found.descriptor.mediaType },
      go,
    );
}

describe("floe audit verify", () => {
  test("answers four questions, and says what it did not check", async () => {
    await using project = await aLedger();
    const before = await verdicts(project);
    expect(before).toMatchObject({
      code: 0,
      words: { integrity: "ok", completeness: "ok", anchoring: "not_checked", authenticity: "ok" },
    });
    expect((await project.run(...verify, "--require-anchor")).code).toBe(18);
    await project.done("audit", "checkpoint", "--env", "prod", "--out", "prod.checkpoint");
    await project.promote("v1.1.0", "prod");
    const after = await verdicts(project, "--checkpoint", "prod.checkpoint", "--require-anchor");
    expect(after).toMatchObject({ code: 0, words: { anchoring: "ok" } });
    expect(after.answers["anchoring"]?.summary).toMatch(/^5 of 7 events, as release signed/);
    const text = await project.done("audit", "verify");
    expect(text.stdout).toContain("✓ integrity (ok): 7 events");
    expect(text.stdout).toContain("nothing against the registry's owner");
  });

  test("finds whatever was changed, and names the first bad event", async () => {
    await using project = await aLedger();
    await project.done("audit", "checkpoint", "--env", "prod", "--out", "prod.checkpoint");
    const copy = `${project.registry}.copy`;
    cpSync(project.registry, copy, { recursive: true });
    const restored = (): void => {
      rmSync(project.registry, { recursive: true });
      cpSync(copy, project.registry, { recursive: true });
    };
    try {
      const cases: readonly [string, () => Promise<void>, string, number | null][] = [
        ["deleted", () => put(project, event(2), null), "completeness", 2],
        ["swapped", () => put(project, event(3), event(4)), "integrity", 3],
        ["replaced by an older one", () => put(project, event(2), event(1)), "integrity", 2],
        ["another beginning", () => put(project, event(0), event(1)), "integrity", 0],
        [
          "cut off",
          async () => {
            await put(project, event(4), null);
            await put(project, event(3), null);
          },
          "anchoring",
          3,
        ],
      ];
      for (const [what, tamper, question, seq] of cases) {
        await tamper();
        const { code, words, answers } = await verdicts(project, "--checkpoint", "prod.checkpoint");
        expect([what, code, words[question]]).toEqual([what, 18, "failed"]);
        expect([what, answers[question]?.findings[0]?.seq]).toEqual([what, seq]);
        restored();
      }
      expect((await verdicts(project)).code).toBe(0);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  test("does not take a checkpoint by somebody who may not act there, and makes none of a ledger that was cut off", async () => {
    await using project = await aLedger();
    const forged = await project.run(
      ...["audit", "checkpoint", "--env", "prod", "--key", "keys/mallory.key", "--out", "forged"],
    );
    expect(forged.code).toBe(12);
    await project.done("audit", "checkpoint", "--env", "prod");
    await put(project, event(4), null);
    const run = await project.run("audit", "checkpoint", "--env", "prod", "-o", "json");
    expect(run.code).toBe(18);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_LEDGER_TAMPERED" });
    const { words } = await verdicts(project, "--trust", join("keys", "mallory.pub"));
    expect(words["anchoring"]).toBe("failed");
  });
});

describe("floe audit checkpoint with anchors", () => {
  test("shows every place, ends with the code of one that fails, and verify demands all of them", async () => {
    await using project = await aProject({
      environments: [{ name: "prod", gates }],
      audit: {
        anchors: [
          { kind: "file", path: "kept" },
          { kind: "oci", registry: { uri: "oci-layout:./elsewhere" } },
        ],
      },
    });
    await project.promote("v1.0.0", "prod");
    const failed = await project.run("audit", "checkpoint", "--env", "prod", "--out", "own");
    expect(failed.code).toBe(15);
    expect(failed.stdout).toContain("under floe-cp.prod (");
    expect(failed.stdout).toContain("✗ file (kept): not written: kept: the folder cannot be");
    expect(failed.stdout).toContain("✓ oci (oci-layout:./elsewhere)");
    expect(project.read("own")).toMatch(/^urn:floe:ledger:prod:/);
    expect((await project.run(...verify, "--require-anchor")).code).toBe(18);
    expect(await verdicts(project)).toMatchObject({ code: 0, words: { anchoring: "not_checked" } });

    mkdirSync(join(project.dir, "kept"));
    const made = await project.run("audit", "checkpoint", "-o", "json");
    expect(made.code).toBe(0);
    expect(made.rows).toMatchObject([
      {
        anchors: [
          { name: "file", kind: "file", location: "kept", status: "written", error: null },
          { name: "oci", kind: "oci", status: "unchanged", error: null },
        ],
      },
    ]);
    expect(project.read("kept/prod.checkpoint")).toBe(project.read("own"));
    const text = await project.done("audit", "verify", "--require-anchor");
    expect(text.stdout).toContain("✓ file (kept): ok, 3 events");
    expect(text.stdout).toContain("✓ floe-cp.prod (beside the ledger): ok, 3 events");
  });
});

describe("floe audit drift", () => {
  test("names every tag that is not as the ledger says", async () => {
    await using project = await aLedger();
    expect((await project.done("audit", "drift")).stdout).toContain("No drift");
    await put(project, "latest-prod", "v1.1.0");
    await put(project, "v1.1.0-prod", "v1.1.0");
    await put(project, "v1.0.0-prod", null);
    const run = await project.run("audit", "drift", "--env", "prod", "-o", "json");
    expect(run.code).toBe(18);
    const found = run.rows.map(({ tag, kind, seq }) => [tag, kind, seq]);
    expect(found).toEqual([
      ["latest-prod", "moved", 2],
      ["v1.0.0-prod", "missing", 2],
      ["v1.1.0-prod", "unknown", null],
    ]);
  });
});

describe("floe audit list and show", () => {
  test("filter events, and show one whole with the bundle that was stored", async () => {
    await using project = await aLedger();
    const kinds = await project.run(
      "audit",
      "list",
      "--kind",
      "lock",
      "--kind",
      "unlock",
      "-o",
      "json",
    );
    expect(kinds.rows.map(({ kind }) => kind)).toEqual(["unlock", "lock"]);
    const lines = await project.done("audit", "list", "--env", "prod", "--ndjson");
    const events = lines.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { hash: string });
    expect(events).toHaveLength(5);
    const shown = await project.run(
      "audit",
      "show",
      events[0]?.hash ?? "",
      "--env",
      "prod",
      "-o",
      "json",
    );
    expect(shown.rows).toMatchObject([
      { hash: events[0]?.hash, authorized: true, event: { kind: "unlock" } },
    ]);
    const bundle = await project.done("audit", "show", "4", "--env", "prod", "--bundle");
    expect(JSON.parse(bundle.stdout)).toHaveProperty("dsseEnvelope");
    const none = await project.run("audit", "show", "99", "--env", "prod", "-o", "json");
    expect(none.code).toBe(3);
  });
});
