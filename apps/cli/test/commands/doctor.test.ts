import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";
import { problemsOf } from "../docs/output-schemas.ts";

async function doctor(project: Project, ...args: string[]) {
  const run = await project.run("doctor", ...args, "-o", "json");
  expect(problemsOf("doctor", run.rows)).toEqual([]);
  const find = (check: string): Json | undefined => run.rows.find((row) => row["check"] === check);
  return { code: run.code, rows: run.rows, find };
}

describe("floe doctor", () => {
  test("finds nothing wrong with an embedded registry, and leaves nothing there", async () => {
    await using project = await aProject();
    const before = await project.tags();
    const { code, rows } = await doctor(project);
    expect(code).toBe(0);
    expect(rows.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(rows.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        "version",
        "manifest",
        "read",
        "write",
        "referrers",
        "tags_move",
        "tag_race",
        "delete",
        "ledger",
        "operator",
        "verification",
        "plugins",
        "clock",
      ]),
    );
    expect(await project.tags()).toEqual(before);
    const text = await project.done("doctor");
    expect(text.stdout.trimEnd().split("\n").at(-1)).toBe("all is well");
  });

  test("writes nothing with --read-only, and says what it did not find out", async () => {
    await using project = await aProject();
    const before = await project.registryState();
    const { code, find } = await doctor(project, "--read-only");
    expect(code).toBe(0);
    expect(find("write")).toMatchObject({ status: "not_checked" });
    expect(find("tag_race")).toBeUndefined();
    expect(await project.registryState()).toEqual(before);
  });

  test.each([
    [{ referrers: false }, "referrers", /no referrers API/],
    [{ tagDeletion: false, manifestDeletion: false }, "delete", /floe-probe\..* stay behind/],
    [{ immutableTags: true }, "tags_move", /no tag be set/],
    [{}, "tag_race", /advisory/],
    [{ now: () => new Date(Date.now() - 120_000) }, "tag_race", /advisory/],
  ] as const)(
    "says what a registry with %o does, and what to do about it",
    async (settings, check, seen) => {
      await using registry = await startRegistry(settings);
      await using project = await aProject();
      const { code, find } = await doctor(project, "--registry", `oci://${registry.host}/acme/app`);
      expect(code).toBe(0);
      expect(find(check)).toMatchObject({
        status: "warn",
        about: `${registry.host}/acme/app`,
        seen: expect.stringMatching(seen),
        fix: expect.stringMatching(/\w/),
      });
      expect(find("ledger")).toMatchObject({
        status: "warn",
        fix: expect.stringContaining("backend: database"),
      });
    },
  );

  test("ends with the exit code of the first failure, and looks at the rest all the same", async () => {
    await using project = await aProject();
    const gone = await doctor(project, "--registry", "oci://127.0.0.1:1/acme/app");
    expect(gone.code).toBe(5);
    expect(gone.find("read")).toMatchObject({ status: "fail", code: "FLOE_REGISTRY_UNAVAILABLE" });
    expect(gone.find("ledger")).toMatchObject({ status: "not_checked" });
    expect(gone.find("operator")).toMatchObject({ status: "ok" });
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.store.deleteTag("floe-ledger.dev", { signal: AbortSignal.timeout(5000) });
    const tampered = await doctor(project);
    expect(tampered.code).toBe(18);
    rmSync(join(project.dir, "manifest.yaml"));
    const none = await doctor(project);
    expect(none.code).toBe(2);
    expect(none.find("manifest")).toMatchObject({
      status: "fail",
      code: "FLOE_MANIFEST_NOT_FOUND",
    });
  });

  test("warns where one key signs artifacts and promotions, and where nobody signs", async () => {
    await using project = await aProject();
    const manifest = readFileSync(join(project.dir, "manifest.yaml"), "utf8");
    project.write("manifest.yaml", manifest.replace("keys/artifact.pub", "keys/release.pub"));
    const one = await doctor(project);
    expect(one.find("key_separation")).toMatchObject({ status: "warn" });
    const none = await doctor(project, "--key", "keys/none.key");
    expect(none.find("manifest") ?? none.find("operator")).toMatchObject({ status: "fail" });
  });
});

test("a ledger store of its own is raced as well", async () => {
  await using project = await aProject();
  const manifest = project.read("manifest.yaml");
  project.write(
    "manifest.yaml",
    manifest.replace("  promotion:\n", "  promotion:\n    audit: { backend: database }\n"),
  );
  const { code, rows, find } = await doctor(project);
  expect(rows.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(code).toBe(0);
  expect(find("store_race")).toMatchObject({
    about: "sqlite",
    // The last event of a chain is never pruned.
    seen: expect.stringMatching(
      /exactly one writer wins a slot \(fsync\); 1 scratch event stays in its chain floe-probe\/\w{16}$/,
    ),
  });
});
