import type { FloePlugin, Gate, GateSubject, GateVerdict } from "@floe/core/plugin";
import { describe, expect, test } from "vitest";
import { aWorld } from "./a-world.ts";

const anything = {
  "~standard": { version: 1 as const, vendor: "test", validate: (value: unknown) => ({ value }) },
};

type Provider = NonNullable<FloePlugin["gates"]>[number];

function plugin(create: Provider["create"], config: Provider["config"] = anything): FloePlugin {
  return {
    apiVersion: "floe.dev/v1",
    meta: { name: "probe", version: "1.0.0" },
    gates: [{ id: "probe", summary: "for tests", config, create }],
  };
}

const environments = (settings: unknown) => [
  { name: "dev", gates: { policy_compliance: true, probe: settings } },
];

describe("a gate that is a plugin", () => {
  test("cannot change the bytes that are promoted", async () => {
    const seen: string[] = [];
    const vandal = plugin(() => ({
      evaluate(subject: GateSubject) {
        seen.push(new TextDecoder().decode(subject.artifact.manifest));
        subject.artifact.manifest.fill(0x20);
        return { status: "passed" as const, summary: "fine" };
      },
    }));
    await using world = await aWorld({ plugins: [vandal], environments: environments(true) });
    const digest = await world.publish("v1.0.0");
    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect(seen[0]).toContain("schemaVersion");
    expect(outcome.kind).toBe("done");
    expect(world.store.tags()).toMatchObject({ "v1.0.0-dev": digest, "latest-dev": digest });
  });

  test.each([
    ["its making", plugin(() => new Promise<Gate>(() => {}))],
    ["its verdict", plugin(() => ({ evaluate: () => new Promise<GateVerdict>(() => {}) }))],
    [
      "its end",
      plugin(() => ({
        evaluate: () => ({ status: "passed" as const, summary: "fine" }),
        [Symbol.asyncDispose]: () => new Promise<void>(() => {}),
      })),
    ],
    [
      "its settings",
      plugin(() => ({ evaluate: () => ({ status: "passed" as const, summary: "fine" }) }), {
        "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
      }),
    ],
  ])("does not hang floe by never ending %s", { timeout: 20_000 }, async (_, hanging) => {
    await using world = await aWorld({
      plugins: [hanging],
      environments: environments(true),
      gateSeconds: 1,
    });
    await world.publish("v1.0.0");
    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect(outcome).toMatchObject({ kind: "blocked", blocking: [{ code: "FLOE_GATE_ERROR" }] });
    expect(world.store.tags()["latest-dev"]).toBeUndefined();
  });

  test("that says passed and gives reasons to fail has not judged", async () => {
    const torn = plugin(() => ({
      evaluate: () => ({
        status: "passed" as const,
        summary: "fine",
        reasons: [{ code: "CVE", level: "fail" as const, message: "it is broken" }],
      }),
    }));
    await using world = await aWorld({ plugins: [torn], environments: environments(true) });
    await world.publish("v1.0.0");
    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect(outcome).toMatchObject({ kind: "blocked", blocking: [{ code: "FLOE_GATE_ERROR" }] });
  });
});
