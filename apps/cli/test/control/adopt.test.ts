import type { Digest } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";
import { aWorld, go, type World } from "../review/a-world.ts";

/** Puts a tag at an artifact, as crane and others do. */
async function tagByHand(
  { store }: Pick<Project, "store"> | Pick<World, "store">,
  tag: string,
  version: string,
): Promise<void> {
  const found = await store.getManifest(version, go);
  if (!found) throw new Error(`${version} is gone`);
  await store.moveTag(tag, { bytes: found.bytes, mediaType: found.descriptor.mediaType }, go);
}

const adoptV1 = ["platform", "adopt", "v1.0.0", "--env", "dev", "--reason", "ran there before"];

describe("an estate from before floe", () => {
  test("is taken over by adopt: what it runs goes on from there, and everything says how it came", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await tagByHand(project, "latest-dev", "v1.0.0");
    const promote = ["promote", "v1.1.0", "--to", "dev", "-o", "json"];
    const closed = await project.run(...promote);
    expect([closed.code, closed.json["error"]]).toMatchObject([
      18,
      { code: "FLOE_LEDGER_MISSING", hint: expect.stringContaining("floe platform adopt") },
    ]);
    const adopted = await project.done(...adoptV1, "-o", "json");
    const tags = await project.tags();
    expect(adopted.json).toMatchObject({
      success: true,
      environment: "dev",
      artifact_tag: "v1.0.0",
      changed: true,
      previous: null,
      tags: [{ tag: "v1.0.0-dev", digest: tags["v1.0.0"] }],
      operator: "release",
      reason: "ran there before",
      event: expect.stringMatching(/^sha256:/),
    });
    expect(tags["latest-dev"]).toBe(tags["v1.0.0"]);
    const board = await project.done("status", "--env", "dev", "-o", "json");
    expect(board.rows[0]).toMatchObject({
      version: "v1.0.0",
      adopted: true,
      drift: null,
      findings: [],
    });
    expect((await project.done("status")).stdout).toMatch(/^dev +v1\.0\.0 .* adopted$/m);
    const history = await project.done("platform", "history", "--env", "dev", "-o", "json");
    expect(history.rows[0]).toMatchObject({
      kind: "adopt",
      version: "v1.0.0",
      operator: "release",
      reason: "ran there before",
    });
    const further = await project.done("promote", "v1.0.0", "--to", "staging", "-o", "json");
    expect(further.json["warnings"]).toEqual([
      expect.stringMatching(
        /^v1\.0\.0 was adopted in dev by release at .*: no gate of dev was run/,
      ),
    ]);
    await project.promote("v1.1.0", "dev");
    const back = await project.done("rollback", "--env", "dev", "--reason", "leaks", "-o", "json");
    expect(back.json).toMatchObject({ artifact_tag: "v1.0.0", previous_version: "v1.1.0" });
    const before = await project.registryState();
    expect((await project.done(...adoptV1, "-o", "json")).json).toMatchObject({ changed: false });
    expect(await project.registryState()).toEqual(before);
  });

  test("without any tag of floe's gets both", async () => {
    await using project = await aProject();
    await project.done(...adoptV1);
    const tags = await project.tags();
    expect([tags["v1.0.0-dev"], tags["latest-dev"]]).toEqual([tags["v1.0.0"], tags["v1.0.0"]]);
    // Nothing is known of where it came from.
    expect((await project.run("platform", "verify", "--env", "dev")).code).toBe(6);
  });

  test("is what latest-ENV holds, and no other version", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await tagByHand(project, "latest-dev", "v1.1.0");
    const before = await project.registryState();
    const run = await project.run(...adoptV1, "-o", "json");
    expect([run.code, run.json["error"]]).toMatchObject([
      11,
      { code: "FLOE_ADOPTION_INVALID", message: expect.stringContaining("latest-dev holds") },
    ]);
    expect(await project.registryState()).toEqual(before);
  });

  test("is refused with 12 to whom the environment does not know, and with 13 while it is locked or held", async () => {
    await using project = await aProject({
      identities: ["alice"],
      environments: [
        {
          name: "dev",
          gates: { policy_compliance: true },
          authorization: { allowed_operators: ["release"] },
        },
      ],
    });
    expect((await project.run(...adoptV1, "--key", "keys/alice.key")).code).toBe(12);
    await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
    expect((await project.run(...adoptV1)).code).toBe(13);
    await project.done("platform", "unlock", "--env", "dev", "--reason", "over");
    await project.done("platform", "quarantine", "v1.0.0", "--reason", "bad");
    const held = await project.run(...adoptV1, "-o", "json");
    expect([held.code, held.json["error"]]).toMatchObject([
      13,
      { code: "FLOE_DIGEST_QUARANTINED" },
    ]);
  });
});

describe("drift", () => {
  test("is accepted by adopting what latest-ENV holds, and rolled back from like anything else", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await tagByHand(project, "latest-dev", "v1.1.0");
    expect((await project.run("status")).code).toBe(18);
    const adopt = [
      "platform",
      "adopt",
      "v1.1.0",
      "--env",
      "dev",
      "--reason",
      "hotfix",
      "-o",
      "json",
    ];
    expect((await project.done(...adopt)).json).toMatchObject({
      previous: { version: "v1.0.0" },
      tags: [{ tag: "v1.1.0-dev" }],
    });
    const board = await project.done("status", "-o", "json");
    expect(board.rows[0]).toMatchObject({ version: "v1.1.0", adopted: true, findings: [] });
    const back = await project.done("rollback", "--env", "dev", "--reason", "x", "-o", "json");
    expect(back.json).toMatchObject({ artifact_tag: "v1.0.0" });
  });

  test("whose latest-ENV is gone is only what the ledger says", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.store.deleteTag("latest-dev", go);
    const other = await project.run("platform", "adopt", "v1.1.0", "--env", "dev", "--reason", "x");
    expect(other.code).toBe(11);
    const same = await project.done(...adoptV1, "-o", "json");
    expect(same.json).toMatchObject({ changed: true, event: null, tags: [{ tag: "latest-dev" }] });
    expect((await project.done("status", "--env", "dev", "-o", "json")).rows[0]).toMatchObject({
      drift: null,
      adopted: false,
    });
  });
});

describe.each(["atomic", "compare-then-put"] as const)(
  "a ledger that was deleted, on a store with %s tags",
  { concurrent: false },
  (tagCreation) => {
    async function promoted(): Promise<{ world: World; digest: Digest }> {
      const world = await aWorld({ tagCreation });
      const digest = await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging", "prod");
      return { world, digest };
    }
    const request = {
      version: "v1.0.0",
      environment: "prod",
      reason: "it never had one, honestly",
    };

    async function withoutTags(world: World, ...prefixes: string[]): Promise<void> {
      for (const tag of await world.store.listTags(go))
        if (prefixes.some((prefix) => tag.startsWith(prefix))) await world.store.deleteTag(tag, go);
    }

    test("is not hidden by adopting: its events are there, or its records are", async () => {
      const { world } = await promoted();
      await using _ = world;
      await withoutTags(world, "floe-ledger.prod");
      await expect(world.floe().adopt(request)).rejects.toMatchObject({
        code: "FLOE_LEDGER_MISSING",
        exitCode: 18,
      });
      await withoutTags(world, "floe-ev.prod.");
      await expect(world.floe().adopt(request)).rejects.toMatchObject({
        code: "FLOE_LEDGER_MISSING",
        message: expect.stringContaining("had one: the record sha256:"),
      });
      expect(
        (await world.store.listTags(go)).some((tag) => tag.startsWith("floe-ledger.prod")),
      ).toBe(false);
    });

    test("a ledger whose newest events were deleted is not either", async () => {
      const { world } = await promoted();
      await using _ = world;
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging", "prod");
      const newest = (await world.events("prod")).slice(-2);
      for (const { tag } of newest) await world.store.deleteTag(tag, go);
      await expect(world.floe().adopt({ ...request, version: "v1.1.0" })).rejects.toMatchObject({
        exitCode: 18,
      });
    });

    test("an environment that never had one is adopted, also beside others that do", async () => {
      await using world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev");
      await tagByHand(world, "latest-prod", "v1.0.0");
      await tagByHand(world, "v1.0.0-prod", "v1.0.0");
      const done = await world.floe().adopt(request);
      expect(done).toMatchObject({ kind: "done", changed: true, tags: [] });
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row).toMatchObject({ version: "v1.0.0", adopted: true, findings: [] });
      const json: Json = { ...row };
      expect(json["promotedBy"]).toBe("release");
    });
  },
);
