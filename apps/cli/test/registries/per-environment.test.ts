import { artifactCopier } from "@floe/oci";
import { crashPoints } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { folderState } from "../bed/folder-state.ts";
import {
  folderSite,
  go,
  httpSite,
  type MultiProject,
  multiProject,
  projectFolder,
  REPOSITORY,
  type Site,
} from "./two-registries.ts";

/** No second attempts: they take time, and the first tells enough. */
const ONCE = { retry: { max_attempts: 1 } };

const RELEASED = "https://floe.dev/attestation/promotion/v1";

/** dev and staging where versions are published, prod in a registry of its own with another login. */
async function acme(more: { readonly versions?: readonly string[] } = {}) {
  await using resources = new AsyncDisposableStack();
  const one = resources.use(await httpSite("one"));
  const two = resources.use(await httpSite("two"));
  const project = resources.use(
    await multiProject(projectFolder(), {
      primary: one,
      environments: [
        { name: "dev" },
        { name: "staging" },
        { name: "prod", registry: two.registry },
      ],
      ...more,
    }),
  );
  const owned = resources.move();
  return { one, two, project, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function visible(tags: Record<string, string>): string[] {
  return Object.keys(tags).filter((tag) => !/^(?:floe-|sha256-)/.test(tag));
}

/** Authorization headers that a site has seen. */
function logins(site: Site): string[] {
  const seen = (site.host?.requests ?? []).flatMap(({ headers }) => headers["authorization"] ?? []);
  return [...new Set(seen)].map((value) =>
    Buffer.from(value.replace("Basic ", ""), "base64").toString("utf8"),
  );
}

async function promoteAll(project: MultiProject, version: string): Promise<void> {
  for (const environment of ["dev", "staging", "prod"])
    await project.done("promote", version, "--to", environment);
}

describe("an environment with a registry of its own", () => {
  test("gets the artifact with all that is attached, and has its tags, records and ledger there", async () => {
    await using world = await acme();
    const { one, two, project } = world;
    await promoteAll(project, "v1.0.0");
    const [here, there] = [await one.tags(), await two.tags()];
    const digest = here["v1.0.0"];
    expect(visible(here)).toEqual([
      ...["latest-dev", "latest-staging", "v1.0.0", "v1.0.0-dev", "v1.0.0-staging"],
    ]);
    expect(visible(there)).toEqual(["latest-prod", "v1.0.0-prod"]);
    expect(there["v1.0.0-prod"]).toBe(digest);
    expect(Object.keys(there)).toContain("floe-ledger.prod");
    expect(Object.keys(here).filter((tag) => tag.includes(".prod"))).toEqual([]);
    const copied = await two.open().getManifest("v1.0.0-prod", go);
    const original = await one.open().getManifest("v1.0.0", go);
    expect(copied?.bytes).toEqual(original?.bytes);
    // The signature, and the records and summaries of dev and staging, besides those of prod.
    const attached = await two.open().referrers(original?.descriptor.digest as never, go);
    const records = attached.filter(
      ({ annotations }) => annotations?.["dev.sigstore.bundle.predicateType"] === RELEASED,
    );
    expect(
      records.map((one) => one.annotations?.["dev.floe.promotion.target-env"] ?? "").toSorted(),
    ).toEqual(["dev", "prod", "staging"]);
    const verified = await project.done("platform", "verify", "--env", "prod", "-o", "json");
    expect(verified.json).toMatchObject({ trusted: true, version: "v1.0.0" });
  });

  test("is seen on the board, in the history, by locks and rollbacks as any other", async () => {
    await using world = await acme({ versions: ["v1.0.0", "v1.1.0"] });
    const { one, two, project } = world;
    await promoteAll(project, "v1.0.0");
    await promoteAll(project, "v1.1.0");
    await project.done("platform", "lock", "--env", "prod", "--reason", "look");
    const locked = await project.run("promote", "v1.1.0", "--to", "prod", "--force");
    expect(locked.code).toBe(13);
    await project.done("platform", "unlock", "--env", "prod", "--reason", "looked");
    const back = await project.done("rollback", "--env", "prod", "--reason", "worse");
    expect(back.stderr).not.toContain("is gone");
    const board = await project.done("status", "-o", "json");
    expect(
      board.rows.map(({ environment, version, drift }) => [environment, version, drift]),
    ).toEqual([
      ["dev", "v1.1.0", null],
      ["staging", "v1.1.0", null],
      ["prod", "v1.0.0", null],
    ]);
    const history = await project.done("platform", "history", "--env", "prod", "-o", "json");
    expect(history.rows[0]).toMatchObject({ kind: "outcome", action: "rollback" });
    const there = await two.tags();
    expect(there["latest-prod"]).toBe((await one.tags())["v1.0.0"]);
    expect(Object.keys(there)).toContain("v1.0.0-prod-rollback-1");
  });

  test("is never shown the login of another one", async () => {
    await using world = await acme();
    const { one, two, project } = world;
    await promoteAll(project, "v1.0.0");
    await project.done("status");
    await project.done("platform", "verify", "--env", "prod");
    expect(logins(one)).toEqual(["one:one-password"]);
    expect(logins(two)).toEqual(["two:two-password"]);
  });

  test("is not given the variables with credentials, which are for the manifest's own registry", async () => {
    await using resources = new AsyncDisposableStack();
    const [one, two] = [resources.use(await httpSite("one")), resources.use(await httpSite("two"))];
    const open = ({ registry }: Site) => ({ uri: registry["uri"], resilience: ONCE });
    const project = resources.use(
      await multiProject(projectFolder(), {
        primary: { ...one, registry: open(one) },
        environments: [{ name: "dev" }, { name: "prod", registry: open(two) }],
      }),
    );
    const env = { FLOE_REGISTRY_USERNAME: "one", FLOE_REGISTRY_PASSWORD: "one-password" };
    const dev = ["promote", "v1.0.0", "--to", "dev"];
    expect((await project.runWith({ env }, ...dev)).code).toBe(0);
    const prod = ["promote", "v1.0.0", "--to", "prod"];
    expect((await project.runWith({ env }, ...prod)).code).toBe(14);
    expect(two.host?.requests.length).toBeGreaterThan(0);
    expect(logins(two)).toEqual([]);
  });

  test("is only told about by a dry run: what would be copied, and how much", async () => {
    await using world = await acme();
    const { one, two, project } = world;
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.0.0", "--to", "staging");
    const before = one.host?.writes;
    const dry = await project.done("promote", "v1.0.0", "--to", "prod", "--dry-run", "-o", "json");
    expect(one.host?.writes).toBe(before);
    expect(two.host?.writes).toBe(0);
    expect(dry.json["copy"]).toMatchObject({
      from: `${one.host?.host}/${REPOSITORY}`,
      to: `${two.host?.host}/${REPOSITORY}`,
    });
    const done = await project.done("promote", "v1.0.0", "--to", "prod", "-o", "json");
    expect(done.json["copy"]).toEqual(dry.json["copy"]);
    const { bytes, manifests } = dry.json["copy"] as Record<string, number>;
    expect(bytes).toBeGreaterThan(1000);
    expect(manifests).toBeGreaterThan(4);
  });

  test("is not promoted to from a version that is only where it was published: 11", async () => {
    await using resources = new AsyncDisposableStack();
    const [one, two] = [resources.use(await httpSite("one")), resources.use(await httpSite("two"))];
    const project = resources.use(
      await multiProject(projectFolder(), {
        primary: one,
        environments: [
          { name: "dev" },
          { name: "staging", registry: two.registry },
          { name: "prod", registry: two.registry },
        ],
      }),
    );
    await project.done("promote", "v1.0.0", "--to", "dev");
    const early = await project.run("promote", "v1.0.0", "--to", "prod", "-o", "json");
    expect(early.code).toBe(11);
    expect(early.json["error"]).toMatchObject({ code: "FLOE_SOURCE_NOT_PROMOTED" });
    await project.done("promote", "v1.0.0", "--to", "staging");
    // Whoever moves the version's tag afterwards changes nothing of what staging has.
    one.host?.removeTag(REPOSITORY, "v1.0.0");
    const late = await project.done("promote", "v1.0.0", "--to", "prod", "-o", "json");
    expect(late.json["copy"]).toBeNull();
    await project.done("platform", "verify", "--env", "prod");
  });

  test("takes approvals, quarantines and what it runs already, where its ledger is", async () => {
    await using resources = new AsyncDisposableStack();
    const [one, two] = [resources.use(await httpSite("one")), resources.use(await httpSite("two"))];
    const approvals = { required: 1, from_groups: ["admins"], self_approval: true };
    const project = resources.use(
      await multiProject(projectFolder(), {
        primary: one,
        manifest: { groups: { admins: ["release"] } },
        environments: [{ name: "dev" }, { name: "prod", registry: two.registry, approvals }],
        versions: ["v1.0.0", "v1.1.0"],
      }),
    );
    // What prod ran before floe: put there by another tool, under no version.
    const there = two.open();
    const artifact = await one.open().getManifest("v1.0.0", go);
    if (!artifact) throw new Error("v1.0.0 was published");
    await artifactCopier.copy(
      { from: one.open(), to: there, digest: artifact.descriptor.digest },
      go,
    );
    const input = { bytes: artifact.bytes, mediaType: artifact.descriptor.mediaType };
    await there.moveTag("latest-prod", input, go);
    await project.done("platform", "adopt", "v1.0.0", "--env", "prod", "--reason", "it runs");
    await project.done("promote", "v1.1.0", "--to", "dev");
    await project.done("platform", "approve", "v1.1.0", "--env", "prod");
    const bad = ["v1.1.0", "--reason", "leaks"];
    await project.done("platform", "quarantine", ...bad);
    expect((await project.run("promote", "v1.1.0", "--to", "prod")).code).toBe(13);
    await project.done("platform", "unquarantine", ...bad);
    await project.done("promote", "v1.1.0", "--to", "prod");
    const board = await project.done("status", "--env", "prod", "-o", "json");
    expect(board.rows[0]).toMatchObject({ version: "v1.1.0", drift: null });
    await project.done("platform", "verify", "--env", "prod");
    expect(Object.keys(await one.tags()).filter((tag) => tag.includes("prod"))).toEqual([]);
  });

  test.for([
    { from: "folder", to: "folder" },
    { from: "folder", to: "http" },
    { from: "http", to: "folder" },
  ])("may be a $to while the others are in a $from", async ({ from, to }) => {
    await using resources = new AsyncDisposableStack();
    const dir = projectFolder();
    const site = async (kind: string, name: string): Promise<Site> =>
      kind === "http" ? resources.use(await httpSite(name)) : folderSite(`.floe/${name}`)(dir);
    const [one, two] = [await site(from, "one"), await site(to, "two")];
    const project = resources.use(
      await multiProject(dir, {
        primary: one,
        environments: [{ name: "dev" }, { name: "prod", registry: two.registry }],
      }),
    );
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.0.0", "--to", "prod");
    expect((await two.tags())["latest-prod"]).toBe((await one.tags())["v1.0.0"]);
    await project.done("platform", "verify", "--env", "prod");
  });

  test("takes blobs over from the repository beside it, where both are in one registry", async () => {
    await using one = await httpSite("one");
    const uri = `oci://${one.host?.host}/acme/live`;
    await using project = await multiProject(projectFolder(), {
      primary: one,
      environments: [{ name: "dev" }, { name: "prod", registry: { ...one.registry, uri } }],
    });
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.0.0", "--to", "prod");
    const mounts = one.host?.requests.filter(({ query }) => query.includes("mount=")) ?? [];
    expect(mounts.length).toBeGreaterThan(0);
    expect(one.host?.tags("acme/live")["v1.0.0-prod"]).toBe(one.host?.tags(REPOSITORY)["v1.0.0"]);
    await project.done("platform", "verify", "--env", "prod");
  });

  test("cannot be moved to another repository by a change of the manifest: 18", async () => {
    await using resources = new AsyncDisposableStack();
    const [one, two] = [resources.use(await httpSite("one")), resources.use(await httpSite("two"))];
    const dir = projectFolder();
    const before = await multiProject(dir, {
      primary: one,
      environments: [{ name: "dev" }, { name: "prod" }],
    });
    await before.done("promote", "v1.0.0", "--to", "dev");
    await before.done("promote", "v1.0.0", "--to", "prod");
    await using project = await multiProject(dir, {
      primary: one,
      environments: [{ name: "dev" }, { name: "prod", registry: two.registry }],
      versions: [],
    });
    const moved = await project.run("promote", "v1.0.0", "--to", "prod", "--force", "-o", "json");
    expect(moved.code).toBe(18);
    expect(moved.json["error"]).toMatchObject({ code: "FLOE_LEDGER_ELSEWHERE" });
    expect(two.host?.tags(REPOSITORY)).toEqual({});
  });

  test("that does not answer, or does not let one in, is left as it was: 5 and 14", async () => {
    await using world = await acme();
    const { two, project } = world;
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.0.0", "--to", "staging");
    const shut = await project.runWith(
      { env: { TWO_LOGIN: "two:wrong" } },
      ...["promote", "v1.0.0", "--to", "prod"],
    );
    expect(shut.code).toBe(14);
    two.host?.faults.add({
      match: ({ method }) => method === "PUT",
      action: { kind: "status", status: 503 },
    });
    const down = await project.run("promote", "v1.0.0", "--to", "prod");
    expect(down.code).toBe(5);
    expect(visible(await two.tags())).toEqual([]);
    two.host?.faults.clear();
    await project.done("promote", "v1.0.0", "--to", "prod");
    // The rest of the path does not need it.
    await two[Symbol.asyncDispose]();
    const other = await project.done("status", "--env", "dev", "-o", "json");
    expect(other.rows).toHaveLength(1);
  });
});

describe("a promotion to another registry that is killed", { timeout: 600_000 }, () => {
  test("at any of its writes is finished by the same command", async () => {
    const dir = projectFolder();
    const [one, two] = [folderSite(".floe/one")(dir), await httpSite("two")];
    await using _ = two;
    let hook: ((phase: string) => boolean) | null = null;
    await using killing = await httpSite("three", {
      onWrite: ({ phase }) => (hook?.(phase) ? "drop" : undefined),
    });
    await using project = await multiProject(dir, {
      primary: one,
      environments: [{ name: "dev" }, { name: "prod", registry: killing.registry }],
    });
    await project.done("promote", "v1.0.0", "--to", "dev");
    const { host } = killing;
    if (!host) throw new Error("it is over HTTP");
    const begin = host.snapshot();
    await project.done("promote", "v1.0.0", "--to", "prod");
    const writes = host.writes;
    const clean = await killing.tags();
    const source = await folderState(`${dir}/.floe/one`);
    const problems: string[] = [];
    for (const point of crashPoints(writes)) {
      if (point.phase === "after" && point.at !== writes) continue;
      host.restore(begin);
      let pid: number | undefined;
      let seen = 0;
      let over = false;
      hook = (phase) => {
        if (phase === "before") seen += 1;
        if (!over && (seen !== point.at || phase !== point.phase || pid === undefined))
          return false;
        if (!over && pid !== undefined) process.kill(pid, "SIGKILL");
        over = true;
        return true;
      };
      await project.runWith(
        { started: (child) => (pid = child) },
        "promote",
        "v1.0.0",
        "--to",
        "prod",
      );
      hook = null;
      const again = await project.run("promote", "v1.0.0", "--to", "prod");
      const tags = await killing.tags();
      const at = `${point.phase} write ${point.at} of ${writes}`;
      if (again.code !== 0 && again.code !== 10) problems.push(`${at}: ${again.stderr}`);
      if (visible(tags).join() !== visible(clean).join())
        problems.push(`${at}: ${visible(tags).join()}`);
      const records = Object.keys(tags).filter((tag) => tag.startsWith("floe-rec."));
      if (records.length !== 1) problems.push(`${at}: ${records.length} records`);
      const verified = await project.run("platform", "verify", "--env", "prod");
      if (verified.code !== 0) problems.push(`${at}: ${verified.stdout}`);
    }
    expect(problems).toEqual([]);
    expect(await folderState(`${dir}/.floe/one`)).toEqual(source);
  });
});
