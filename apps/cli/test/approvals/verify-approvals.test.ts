import { describe, expect, test } from "vitest";
import type { World } from "../review/a-world.ts";
import { anApprovedWorld, approve, GROUPS, TO_PROD } from "./an-approved-world.ts";

/** What `floe platform verify` says of the approvals of what prod runs. */
async function approvalsOf(
  world: World,
): Promise<{ readonly status: string; readonly text: string }> {
  const result = await world.floe().verify({ environment: "prod" });
  const prod = result.checks.find(
    ({ check, environment }) => check === "approvals" && environment === "prod",
  );
  if (!prod) throw new Error(`no check of approvals: ${JSON.stringify(result)}`);
  return { status: prod.status, text: prod.summary };
}

describe.each(["atomic", "compare-then-put"] as const)("with %s tags, verify", (tagCreation) => {
  const make = async () => await anApprovedWorld({}, { tagCreation });

  test("names whose approval counted", async () => {
    await using world = await make();
    await approve(world, "bob");
    expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
    expect(await approvalsOf(world)).toMatchObject({
      status: "ok",
      text: expect.stringContaining("bob"),
    });
  });

  test("does not count the approval of somebody whom only a manifest of the operator's own let approve", async () => {
    await using world = await make();
    const doctored = await world.remake({ groups: { ...GROUPS, approvers: ["dave"] } });
    await approve(world, "dave", { manifest: doctored });
    const done = await world.floe({ manifest: doctored }).promote(TO_PROD);
    expect(done.kind).toBe("done");
    expect(await approvalsOf(world)).toMatchObject({
      status: "failed",
      text: expect.stringContaining("dave"),
    });
  });

  test("says of a promotion without them who let it pass, and that they might", async () => {
    const overrides = { approval: { groups: ["ops"] } };
    await using world = await anApprovedWorld({ overrides }, { tagCreation });
    const override = { kinds: ["approval"], reason: "incident 4711" };
    expect((await world.floe().promote({ ...TO_PROD, override })).kind).toBe("done");
    expect(await approvalsOf(world)).toMatchObject({
      status: "warning",
      text: expect.stringContaining("release let it pass (incident 4711)"),
    });
    expect((await world.floe().verify({ environment: "prod" })).trusted).toBe(true);
  });

  test("counts what somebody approved before they left, as long as the manifest says when", async () => {
    await using world = await make();
    await approve(world, "bob");
    await world.floe().promote(TO_PROD);
    const later = new Date(Date.now() + 60_000);
    const manifest = await world.remake({ groups: GROUPS, revoked: { bob: later } });
    const result = await world.floe({ manifest }).verify({ environment: "prod" });
    const check = result.checks.find((one) => one.check === "approvals");
    expect(check?.status).toBe("ok");
  });
});
