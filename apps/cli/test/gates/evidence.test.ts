import { createHash } from "node:crypto";
import { createVerifier } from "@floe/signing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "../review/a-world.ts";
import { aCountingGate, counted } from "./a-counting-gate.ts";
import { readEvidence } from "./read-evidence.ts";

const plugins = [aCountingGate()];

function environments(gates: Readonly<Record<string, unknown>>) {
  return [{ name: "dev", gates: { policy_compliance: true, ...gates } }];
}

async function promoted(world: World, version = "v1.0.0") {
  const digest = await world.publish(version);
  const outcome = await world.floe().promote({ version, to: "dev" });
  if (outcome.kind !== "done") throw new Error(outcome.kind);
  const gates = new Map(outcome.plan.gates.map((gate) => [gate.gate, gate]));
  return { digest, outcome, gates };
}

/** The gate results as the signed record has them. */
async function recorded(world: World, tag: string) {
  const { predicate } = await readEvidence(world.store, tag);
  return new Map(
    (predicate.gate_results as { gate: string; evidence?: { digest: string } }[]).map((gate) => [
      gate.gate,
      gate,
    ]),
  );
}

const SECRET = "correct horse battery";

describe("a gate that had reports", () => {
  test("leaves signed evidence beside the artifact, named in the record, with the very report", async () => {
    await using world = await aWorld({
      plugins,
      environments: environments({ count: counted(7) }),
    });
    const { digest, outcome, gates } = await promoted(world);
    const named = (await recorded(world, outcome.record.tag)).get("count")?.evidence?.digest ?? "";
    expect(gates.get("count")?.evidence).toEqual({ digest: named });
    const evidence = await readEvidence(world.store, named);
    expect(evidence.reports).toEqual({ "count.json": '{"count": 7}' });
    expect(evidence.predicateType).toBe("https://floe.dev/attestation/gate-result/v1");
    expect(evidence.predicate).toMatchObject({
      environment: "dev",
      version: "v1.0.0",
      operation: outcome.operation,
      operator: "release",
      result: { gate: "count", status: "passed", metrics: { count: 7 } },
      runs: [{ platform: null, digest, run: { exit_code: 0 }, output: null }],
      reports: [
        {
          path: "count.json",
          digest: `sha256:${createHash("sha256").update('{"count": 7}').digest("hex")}`,
          size: 12,
          kept: true,
        },
      ],
    });
    const trusted = [
      { method: "key" as const, name: "release", publicKey: world.publicKeys["release"] ?? "" },
    ];
    expect(createVerifier().verifyBundle(evidence.bundle, trusted)).toMatchObject({ ok: true });
    const listed = await world.store.referrers(digest, go);
    expect(listed.map((one) => one.digest)).toContain(named);
    expect(world.store.tags()[`floe-evd.${named.slice(7, 39)}`]).toBe(named);
    expect(gates.get("policy_compliance")?.evidence).toBeUndefined();
  });

  test("of the kind tests leaves a test result that other verifiers know", async () => {
    await using world = await aWorld({
      plugins,
      environments: environments({ tests: counted(7) }),
    });
    const { digest } = await promoted(world);
    const all = await Promise.all(
      (await world.store.referrers(digest, go)).map((one) => readEvidence(world.store, one.digest)),
    );
    const found = all.find(
      ({ predicateType }) => predicateType === "https://in-toto.io/attestation/test-result/v0.1",
    );
    expect(found?.predicate).toEqual({
      result: "PASSED",
      configuration: [
        {
          name: "count.json",
          digest: { sha256: createHash("sha256").update('{"count": 7}').digest("hex") },
        },
      ],
    });
  });

  test("keeps no secret in it, however the command spells it", async () => {
    const leak = [
      'printf \'{"count": 1, "raw": "%s", "b64": "%s"}\' "$TOKEN" "$(printf %s "$TOKEN" | base64)"',
      '> "$FLOE_GATE_DIR/count.json"; printf "%s" "$TOKEN" >&2',
    ].join(" ");
    const gate = counted(1, { command: leak, secret_env: { TOKEN: "env:TOKEN" } });
    await using world = await aWorld({
      plugins,
      environments: environments({ count: gate }),
      secret: SECRET,
    });
    const { gates } = await promoted(world);
    const evidence = await readEvidence(world.store, gates.get("count")?.evidence?.digest ?? "");
    const all = JSON.stringify([evidence.predicate, evidence.reports]);
    expect(all).toContain("***");
    for (const spelling of [SECRET, Buffer.from(SECRET).toString("base64").slice(0, 20)])
      expect(all).not.toContain(spelling);
  });

  test("keeps a report that is too large by its digest, and smaller ones beside it", async () => {
    const script = [
      'printf \'{"count": 1}\' > "$FLOE_GATE_DIR/count.json"',
      'printf \'{"count": 1}\' > "$FLOE_GATE_DIR/count-big.json"',
      'head -c 5000000 /dev/urandom | base64 | tr -d "\\n" | sed \'s/.*/,"x": "&"}/\' > "$FLOE_GATE_DIR/rest"',
      'printf \'{"count": 1\' > "$FLOE_GATE_DIR/count-big.json"',
      'cat "$FLOE_GATE_DIR/rest" >> "$FLOE_GATE_DIR/count-big.json"',
    ].join("\n");
    const gate = counted(1, { command: script, reports: ["${FLOE_GATE_DIR}/count*.json"] });
    await using world = await aWorld({ plugins, environments: environments({ count: gate }) });
    const { gates } = await promoted(world);
    const evidence = await readEvidence(world.store, gates.get("count")?.evidence?.digest ?? "");
    expect(Object.keys(evidence.reports)).toEqual(["count.json"]);
    const rows = evidence.predicate.reports as { path: string; kept: boolean; size: number }[];
    expect(rows.map(({ path, kept }) => [path, kept])).toEqual([
      ["count-big.json", false],
      ["count.json", true],
    ]);
    expect(rows[0]?.size).toBeGreaterThan(5_000_000);
  });

  test("leaves nothing in a dry run, nor where the promotion is refused", async () => {
    await using world = await aWorld({
      plugins,
      environments: environments({ count: counted(11) }),
    });
    const digest = await world.publish("v1.0.0");
    const before = (await world.store.referrers(digest, go)).length;
    const dry = await world.floe().promote({ version: "v1.0.0", to: "dev", dryRun: true });
    const run = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect([dry.kind, run.kind]).toEqual(["blocked", "blocked"]);
    expect((await world.store.referrers(digest, go)).length).toBe(before);
  });
});

test("a gate without reports leaves no evidence", async () => {
  await using world = await aWorld({
    environments: environments({ plain: { command: ["true"] } }),
  });
  const { digest, gates } = await promoted(world);
  expect(gates.get("plain")).toMatchObject({ status: "passed" });
  expect(gates.get("plain")?.evidence).toBeUndefined();
  const kinds = (await world.store.referrers(digest, go)).map(
    ({ annotations }) => annotations?.["dev.floe.gate"],
  );
  expect(kinds.filter((kind) => kind !== undefined)).toEqual([]);
});
