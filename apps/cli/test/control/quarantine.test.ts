import { describe, expect, test } from "vitest";
import { aProject, go } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";
import { readStatement } from "../bed/read-statement.ts";
import { aWorld, type RawEvent, type World } from "../review/a-world.ts";

const gates = { policy_compliance: true };

describe("a quarantined digest", () => {
  test("enters no environment, goes no further and is not returned to, whatever its version is called", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.publish("v1.0.1", { content: "content of v1.0.0" });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const digest = (await project.tags())["v1.0.0"];
    const quarantine = ["platform", "quarantine", "v1.0.0", "--reason", "CVE-2026-4711"];
    const done = await project.done(...quarantine, "-o", "json");
    expect(done.json).toMatchObject({
      success: true,
      action: "quarantine",
      artifact_digest: digest,
      warnings: [],
      environments: ["dev", "staging", "prod"].map((environment) => ({
        environment,
        held: true,
        changed: true,
        running: false,
        operator: "release",
        error: null,
      })),
    });
    const codes = async (...args: string[]): Promise<unknown> => {
      const run = await project.run(...args, "-o", "json");
      const blocking = run.json["blocking"] as Json[];
      return [run.code, ...blocking.map(({ code }) => code)];
    };
    const held = "FLOE_DIGEST_QUARANTINED";
    expect(await codes("promote", "v1.0.1", "--to", "dev")).toEqual([13, held]);
    expect(await codes("promote", "v1.0.0", "--to", "staging")).toEqual([13, held, held]);
    expect(await codes("promote", "v1.0.0", "--to", "dev", "--force", "--dry-run")).toEqual([
      13,
      held,
    ]);
    expect(await codes("rollback", "v1.0.0", "--env", "dev", "--reason", "x")).toEqual([
      11,
      "FLOE_ROLLBACK_TARGET_INVALID",
    ]);
    const override = ["--override", "freeze", "--reason", "x"];
    expect(await codes("promote", "v1.0.1", "--to", "dev", ...override)).toEqual([13, held]);
    const board = await project.done("status", "-o", "json");
    for (const row of board.rows)
      expect(row["held"]).toEqual([
        { kind: "quarantine", version: "v1.0.0", reason: "CVE-2026-4711", until: null },
      ]);

    const before = await project.registryState();
    const again = await project.done(...quarantine, "-o", "json");
    expect((again.json["environments"] as Json[]).map(({ changed }) => changed)).toEqual([
      ...[false, false, false],
    ]);
    expect(await project.registryState()).toEqual(before);

    const lift = ["platform", "unquarantine", `v1.0.1@${digest}`, "--reason", "a false alarm"];
    await project.done(...lift);
    await project.promote("v1.0.0", "staging");
    const nothing = await project.done(...lift, "-o", "json");
    expect((nothing.json["environments"] as Json[]).some(({ changed }) => changed)).toBe(false);
  });

  test("is said loudly to be what an environment runs, and its copy lies beside the artifact", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const run = await project.done(
      ...["platform", "quarantine", "v1.0.0", "--env", "dev", "--reason", "leaks"],
    );
    expect(run.stdout).toContain("dev RUNS v1.0.0 NOW, and goes on running it");
    const { rows } = await project.done("artifact", "list", "--all", "-o", "json");
    const tag = rows.map((row) => String(row["tag"])).find((name) => name.startsWith("floe-qua."));
    const { statement, predicate, verified } = await readStatement(project, tag ?? "none");
    expect(verified).toBe(true);
    expect(statement["predicateType"]).toBe("https://floe.dev/attestation/quarantine/v1");
    expect(predicate).toMatchObject({
      quarantined: true,
      environment: "dev",
      version: "v1.0.0",
      reason: "leaks",
      operator: "release",
      ledger: { seq: 3 },
    });
    const found = await project.store.resolve("v1.0.0", go);
    const referrers = found ? await project.store.referrers(found.digest, go) : [];
    expect(
      referrers.map(({ annotations }) => annotations?.["dev.sigstore.bundle.predicateType"]),
    ).toContain("https://floe.dev/attestation/quarantine/v1");
  });

  test("that was rolled back from comes back by unquarantine and --force, as the hints say", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    await project.done("rollback", "--env", "dev", "--reason", "leaks");
    const refused = await project.run("promote", "v1.1.0", "--to", "dev", "-o", "json");
    const hints = (refused.json["blocking"] as Json[]).map(({ hint }) => String(hint));
    expect(hints).toEqual([
      expect.stringContaining("floe platform unquarantine v1.1.0 --env dev --reason …"),
      expect.stringContaining("floe platform unquarantine v1.1.0 --env dev --reason …"),
    ]);
    const lift = [
      "platform",
      "unquarantine",
      "v1.1.0",
      "--env",
      "dev",
      "--reason",
      "not its fault",
    ];
    expect((await project.done(...lift)).stdout).toContain("floe promote v1.1.0 --to ENV --force");
    await project.done("promote", "v1.1.0", "--to", "dev", "--force");
  });

  test("needs only its digest when its tag is gone, and another digest of the tag is 10", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const tags = await project.tags();
    await project.store.deleteTag("v1.0.0", go);
    const quarantine = (version: string) =>
      project.run("platform", "quarantine", version, "--env", "dev", "--reason", "x", "-o", "json");
    expect((await quarantine(`v1.0.0@${tags["v1.0.0"]}`)).code).toBe(0);
    expect((await quarantine("v1.0.0")).code).toBe(3);
    expect((await quarantine(`v1.1.0@${tags["v1.0.0"]}`)).code).toBe(10);
    expect(
      (await project.run("platform", "quarantine", "v1.1.0", "--env", "x", "--reason", "x")).code,
    ).toBe(3);
  });

  test("is kept out where that is possible, what is not is reported, and the same command does the rest", async () => {
    await using project = await aProject({
      identities: ["alice"],
      environments: [
        { name: "dev", gates },
        { name: "prod", gates, authorization: { allowed_operators: ["alice"] } },
      ],
    });
    const quarantine = ["platform", "quarantine", "v1.0.0", "--reason", "x", "-o", "json"];
    const partly = await project.run(...quarantine);
    expect(partly.code).toBe(12);
    expect(partly.json["environments"]).toMatchObject([
      { environment: "dev", held: true, changed: true, error: null },
      { environment: "prod", held: null, changed: false, error: { code: "FLOE_NOT_AUTHORIZED" } },
    ]);
    const rest = await project.done(...quarantine, "--key", "keys/alice.key");
    expect(rest.json["environments"]).toMatchObject([
      { environment: "dev", held: true, changed: false, operator: "release" },
      { environment: "prod", held: true, changed: true, operator: "alice" },
    ]);
  });
});

describe.each(["atomic", "compare-then-put"] as const)(
  "on a store with %s tags, while a promotion is under way",
  { concurrent: false },
  (tagCreation) => {
    /** Something that somebody does right after the record of a promotion was written. */
    async function meanwhile(act: (world: World) => Promise<unknown>) {
      const world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging");
      let acted = false;
      const createTag: World["store"]["createTag"] = async (tag, ...rest) => {
        const created = await world.store.createTag(tag, ...rest);
        if (tag.startsWith("floe-rec.") && !acted) {
          acted = true;
          await act(world);
        }
        return created;
      };
      const floe = world.floe({ store: { ...world.store, createTag } });
      return { world, outcome: await floe.promote({ version: "v1.0.0", to: "prod" }) };
    }

    test.each([
      [
        "a quarantine",
        "FLOE_DIGEST_QUARANTINED",
        async (world: World) =>
          await world
            .floe({ who: "alice" })
            .quarantine({ version: "v1.0.0", environments: ["prod"], reason: "bad" }),
      ],
      [
        "a lock",
        "FLOE_ENVIRONMENT_LOCKED",
        async (world: World) =>
          await world.floe({ who: "alice" }).lock({ environment: "prod", reason: "incident" }),
      ],
    ])("%s stops it right before its commit", async (_, code, act) => {
      const { world, outcome } = await meanwhile(act);
      await using __ = world;
      expect(outcome).toMatchObject({ kind: "blocked", blocking: [{ code }] });
      expect(await world.store.resolve("v1.0.0-prod", go)).toBeNull();
      const results = (await world.events("prod")).flatMap(({ event }) => event.body.result ?? []);
      expect(results).toEqual(["aborted"]);
    });

    test("what a stranger writes into the ledger changes nothing", async () => {
      await using world = await aWorld({ tagCreation });
      const digest = await world.publish("v1.0.0");
      await world.publish("v1.1.0");
      await world.promote("v1.0.0", "dev", "staging", "prod");
      await world.promote("v1.1.0", "dev", "staging");
      await world.floe().quarantine({ version: "v1.1.0", environments: ["prod"], reason: "bad" });
      const other = await world.store.resolve("v1.1.0", go);
      const body = { version: "v1.1.0", digest: other?.digest, reason: "x" };
      const adopt = {
        ...body,
        media_type: "application/vnd.oci.image.manifest.v1+json",
        size: 1,
        tag: "v1.1.0-prod",
        before: digest,
      };
      for (const [kind, forged] of [
        ["unquarantine", body],
        ["quarantine", { ...body, version: "v1.0.0", digest }],
        ["adopt", adopt],
      ] as const) {
        const head = (await world.events("prod")).at(-1);
        if (!head) throw new Error("no events");
        await world.forge("mallory", forgedEvent(world, head, kind, forged));
        const [row] = await world.floe().status({ environment: "prod" });
        expect(row).toMatchObject({
          version: "v1.0.0",
          adopted: false,
          held: [{ kind: "quarantine", version: "v1.1.0" }],
          findings: expect.arrayContaining([
            expect.objectContaining({ code: "FLOE_LEDGER_EVENT_UNAUTHORIZED" }),
          ]),
        });
      }
      const refused = await world.floe().promote({ version: "v1.1.0", to: "prod" });
      expect(refused).toMatchObject({ blocking: [{ code: "FLOE_DIGEST_QUARANTINED" }] });
    });
  },
);

function forgedEvent(
  world: World,
  { event, hash }: RawEvent,
  kind: string,
  body: unknown,
): Record<string, unknown> {
  const signer = world.signers["mallory"]?.signer;
  if (!signer || signer.method === "keyless") throw new Error("a key");
  const key = { key_id: signer.keyId, public_key: world.publicKeys["mallory"] };
  return {
    ...event,
    seq: event.seq + 1,
    prev: hash,
    size: event.size + 1,
    id: `forged ${kind}`,
    operation: `forged ${kind}`,
    kind,
    actor: { identity: null, method: "key", ...key },
    body,
    state: { ...event.state, holds: [] },
  };
}
