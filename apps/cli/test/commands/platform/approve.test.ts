import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";

const OPTIONS = {
  identities: ["alice", "bob", "mallory"],
  groups: { ops: ["release", "bob"], approvers: ["alice", "bob"] },
  environments: [
    { name: "dev", gates: { policy_compliance: true } },
    {
      name: "prod",
      // Settings, whose plugin the commands of approvers do not load: what they are bound to is the same all the same.
      gates: {
        policy_compliance: true,
        tests: { min_tests: 1, command: "sh tests.sh", reports: ["out.xml"] },
      },
      authorization: { allowed_groups: ["ops"], separation_of_duties: true, pin_policy: true },
      approvals: { required: 1, from_groups: ["approvers"] },
    },
  ],
};

const REPORT = '<testsuite><testcase name="a"/></testsuite>';

/** A project with v1.0.0 in dev by `release`, whose promotion to prod needs `bob` and an approval. */
async function aControlledProject(uri?: string): Promise<Project> {
  const project = await aProject({ ...OPTIONS, versions: uri === undefined ? ["v1.0.0"] : [] });
  project.write("tests.sh", `printf '%s' '${REPORT}' > out.xml\n`);
  if (uri !== undefined) {
    const manifest = project.read("manifest.yaml");
    project.write("manifest.yaml", manifest.replace("oci-layout:./.floe/registry", uri));
    project.write("app.json", "{}");
    await project.done("artifact", "push", "v1.0.0", "app.json");
    await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
  }
  await project.promote("v1.0.0", "dev");
  return project;
}

const PROMOTE = ["promote", "v1.0.0", "--to", "prod", "--key", "keys/bob.key"];
const as = (who: string) => ["--key", `keys/${who}.key`];
const IN_PROD = ["v1.0.0", "--env", "prod"];

async function codesOf(
  project: Project,
  ...args: string[]
): Promise<readonly [number | null, unknown[]]> {
  const run = await project.run(...args, "-o", "json");
  const blocking = (run.json["blocking"] ?? []) as { code: string }[];
  return [run.code, blocking.map(({ code }) => code)];
}

/** The whole story, each command a process of its own. */
async function throughApproval(project: Project): Promise<void> {
  expect(await codesOf(project, "promote", "v1.0.0", "--to", "prod")).toEqual([
    12,
    ["FLOE_SEPARATION_OF_DUTIES", "FLOE_APPROVAL_REQUIRED"],
  ]);
  for (const more of [["--dry-run"], []])
    expect(await codesOf(project, ...PROMOTE, ...more)).toEqual([16, ["FLOE_APPROVAL_REQUIRED"]]);
  const waiting = await project.done("platform", "approvals", "-o", "json");
  expect(waiting.rows).toEqual([
    {
      version: "v1.0.0",
      digest: expect.stringMatching(/^sha256:/),
      environment: "prod",
      required: 1,
      approved_by: [],
      denied_by: [],
      expires_at: null,
      status: "pending",
    },
  ]);
  expect((await project.done("status", "--env", "prod", "-o", "json")).rows[0]).toMatchObject({
    pending_approvals: waiting.rows,
    policy: null,
  });
  expect(await codesOf(project, "platform", "approve", ...IN_PROD, ...as("mallory"))).toEqual([
    12,
    ["FLOE_NOT_AUTHORIZED"],
  ]);
  await project.done("platform", "approve", ...IN_PROD, ...as("bob"));
  expect(await codesOf(project, ...PROMOTE)).toEqual([16, ["FLOE_APPROVAL_REQUIRED"]]);
  await project.done("platform", "deny", ...IN_PROD, ...as("alice"), "--reason", "not yet");
  expect(await codesOf(project, ...PROMOTE)).toEqual([
    16,
    ["FLOE_APPROVAL_DENIED", "FLOE_APPROVAL_REQUIRED"],
  ]);
  const approved = await project.done(
    "platform",
    "approve",
    ...IN_PROD,
    ...as("alice"),
    "-o",
    "json",
  );
  expect(approved.json).toMatchObject({
    decision: "approved",
    changed: true,
    approved_by: ["bob", "alice"],
    denied_by: [],
    warnings: [],
  });
  const done = await project.done(...PROMOTE, "-o", "json");
  expect(done.json["approvals"]).toMatchObject([{ by: "alice", event: approved.json["event"] }]);
  const verified = await project.done("platform", "verify", "--env", "prod", "-o", "json");
  expect(JSON.stringify(verified.json)).toContain("approved by alice");
  expect(await codesOf(project, ...PROMOTE, "--force")).toEqual([16, ["FLOE_APPROVAL_REQUIRED"]]);
  const referrers = await project.done("artifact", "referrers", "v1.0.0", "-o", "json");
  const types = JSON.stringify(referrers.rows);
  expect(types.match(/attestation\/approval\/v1/g)).toHaveLength(3);
}

/** Every tag, floe's own among them. */
async function tagsOf(project: Project): Promise<string[]> {
  const { rows } = await project.done("artifact", "list", "--all", "-o", "json");
  return rows.map((row) => String(row["tag"]));
}

/** Somebody edits the manifest to let themselves in. */
async function editedManifest(project: Project): Promise<void> {
  const manifest = project.read("manifest.yaml");
  project.write(
    "manifest.yaml",
    manifest
      .replace(/ +approvals:\n +required: 1\n +from_groups:\n +- approvers\n/, "")
      .replace("separation_of_duties: true", "separation_of_duties: false")
      .replace("ops:\n    - release", "ops:\n    - mallory\n    - release"),
  );
  expect(project.read("manifest.yaml")).not.toContain("from_groups");
  const refused = [12, ["FLOE_POLICY_NOT_ACCEPTED"]];
  const before = await tagsOf(project);
  for (const more of [["--dry-run", "--force"], ["--force"]])
    expect(await codesOf(project, ...PROMOTE.slice(0, 4), ...as("mallory"), ...more)).toEqual(
      refused,
    );
  const reason = ["--env", "prod", "--reason", "r"];
  expect(await codesOf(project, "platform", "lock", ...reason, ...as("mallory"))).toEqual(refused);
  expect(await codesOf(project, "platform", "accept-policy", ...reason, ...as("mallory"))).toEqual([
    12,
    ["FLOE_NOT_AUTHORIZED"],
  ]);
  // Nothing has changed but that the refusals are told.
  const after = (await tagsOf(project)).filter((tag) => !before.includes(tag));
  expect(after.filter((tag) => !tag.startsWith("floe-ev.prod."))).toEqual([]);
  expect((await tagsOf(project)).filter((tag) => before.includes(tag))).toEqual(before);
  const [row] = (await project.done("status", "--env", "prod", "-o", "json")).rows;
  expect(row).toMatchObject({
    version: "v1.0.0",
    lock: null,
    drift: null,
    policy: { matches: false },
  });
  const accepted = await project.done("platform", "accept-policy", ...reason, ...as("bob"));
  expect(accepted.stdout).toBe("prod is pinned to this manifest (bob: r)\n");
  await project.done(...PROMOTE.slice(0, 4), ...as("mallory"), "--force");
}

describe("a promotion that needs an approval and somebody else, in a manifest that is pinned", () => {
  const long = { timeout: 300_000 };

  test("in a folder", long, async () => {
    await using project = await aControlledProject();
    await throughApproval(project);
    await editedManifest(project);
  });

  test.each([
    ["with the referrers API", {}],
    ["without the referrers API", { referrers: false }],
    ["with immutable tags", { immutableTags: /^(?!latest-|sha256-)/ }],
  ])("on a registry %s", long, async (_, settings) => {
    await using registry = await startRegistry(settings);
    await using project = await aControlledProject(`oci://${registry.host}/acme/app`);
    await throughApproval(project);
    await editedManifest(project);
  });
});

describe("what approvers see", () => {
  test("is a table of what waits, and a line of what they have done", async () => {
    await using project = await aControlledProject();
    expect((await project.done("platform", "approvals")).stdout).toBe(
      "Nothing waits for an approval.\n",
    );
    const refused = await project.run(...PROMOTE);
    expect(refused.code).toBe(16);
    expect(refused.stdout).toContain("  approvals 0 of 1\n  ✓ policy_compliance");
    expect(refused.stderr).toContain(
      "BLOCKED: prod needs 1 approval from group approvers; v1.0.0 has none [FLOE_APPROVAL_REQUIRED]",
    );
    const { stdout } = await project.done("platform", "approvals", "--env", "prod");
    expect(stdout).toMatch(/^prod +v1\.0\.0 +sha256:\w{12} +pending +0 of 1 +- +- +-$/m);
    expect((await project.done("status")).stdout).toContain(
      "prod: v1.0.0 waits for approvals (0 of 1); floe platform approve v1.0.0 --env prod",
    );
    const approved = await project.done("platform", "approve", ...IN_PROD, ...as("alice"));
    expect(approved.stdout).toMatch(
      /^Approved v1\.0\.0 for prod \(alice, sha256:\w{12}\)\n {2}approved by 1 of 1: alice\n$/,
    );
    const again = await project.done("platform", "approve", ...IN_PROD, ...as("alice"));
    expect(again.stdout).toContain("alice has approved v1.0.0 for prod already; nothing to do");
    const back = await project.done(
      "platform",
      "approve",
      ...IN_PROD,
      ...as("alice"),
      "--withdraw",
    );
    expect(back.stdout).toContain("Withdrawn: v1.0.0 for prod (alice");
    const nothing = await project.done(
      "platform",
      "deny",
      ...IN_PROD,
      ...as("alice"),
      "--withdraw",
    );
    expect(nothing.stdout).toContain("alice has nothing to withdraw for v1.0.0 in prod");
  });

  test("is why not: no approvals there, no such version, no reason that is one", async () => {
    await using project = await aControlledProject();
    const deny = ["platform", "deny", "v1.0.0", ...as("alice"), "-o", "json"];
    const nowhere = await project.run(...deny, "--env", "dev");
    expect(nowhere.code).toBe(2);
    expect(nowhere.json["error"]).toMatchObject({ message: "dev asks for no approvals" });
    expect((await project.run(...deny, "--env", "prod", "--reason", " ")).code).toBe(2);
    const missing = ["platform", "approve", "v9.9.9", "--env", "prod", ...as("alice")];
    expect((await project.run(...missing)).code).toBe(3);
  });
});
