import { buildArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import type { Json } from "../bed/floe.ts";
import {
  folderSite,
  go,
  httpSite,
  type MultiOptions,
  type MultiProject,
  multiProject,
  projectFolder,
  REPOSITORY,
  type Site,
} from "./two-registries.ts";

type Secondary = Readonly<Record<string, unknown>>;

/** One environment in a folder, and copies of what it runs in two registries with logins of their own. */
async function world(more: { readonly two?: Secondary; readonly versions?: string[] } = {}) {
  await using resources = new AsyncDisposableStack();
  const dir = projectFolder();
  const one = folderSite(".floe/one")(dir);
  const two = resources.use(await httpSite("two"));
  const three = resources.use(await httpSite("three"));
  const options: MultiOptions = {
    primary: one,
    environments: [{ name: "dev" }, { name: "prod" }],
    artifacts: {
      secondary_registries: [
        { name: "eu", ...two.registry, ...more.two },
        { name: "us", ...three.registry },
      ],
    },
    versions: more.versions ?? ["v1.0.0", "v1.1.0"],
  };
  const project = resources.use(await multiProject(dir, options));
  const owned = resources.move();
  return { one, two, three, project, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function statuses(json: Json): unknown[] {
  const rows = json["registry_sync_status"] as readonly Json[];
  return rows.map(({ registry, status }) => [registry, status]);
}

function shut(site: Site): () => void {
  site.host?.faults.add({
    match: () => true,
    action: { kind: "status", status: 503 },
    times: 1_000_000,
  });
  return () => site.host?.faults.clear();
}

async function promote(project: MultiProject, version: string, to: string, ...more: string[]) {
  return await project.run("promote", version, "--to", to, "-o", "json", ...more);
}

/** What people see of a repository. */
async function shown(site: Site): Promise<Record<string, string>> {
  const tags = Object.entries(await site.tags());
  return Object.fromEntries(tags.filter(([tag]) => !/^(?:floe-|sha256-)/.test(tag)));
}

/** The newest event of an environment's ledger in a folder. */
async function lastEvent(site: Site, environment: string): Promise<unknown> {
  const tags = Object.keys(await site.tags()).filter((tag) =>
    tag.startsWith(`floe-ev.${environment}.`),
  );
  const manifest = await site.open().getManifest(tags.toSorted().at(-1) ?? "", go);
  const text = new TextDecoder().decode(manifest?.bytes);
  const { annotations, layers } = JSON.parse(text);
  const inline: string | undefined = annotations["dev.floe.event"];
  const bundle = inline ?? new TextDecoder().decode(await site.open().getBlob(layers[0], go));
  const { payload } = JSON.parse(bundle).dsseEnvelope;
  return JSON.parse(Buffer.from(payload, "base64").toString("utf8")).predicate;
}

describe("secondary registries", () => {
  test("hold what an environment runs, with all that is attached, after a promotion and a rollback", async () => {
    await using bed = await world();
    const { one, two, three, project } = bed;
    const first = await promote(project, "v1.0.0", "dev");
    expect(first.code).toBe(0);
    expect(statuses(first.json)).toEqual([
      ["eu", "synced"],
      ["us", "synced"],
    ]);
    expect(first.json["warnings"]).toEqual([]);
    const here = await one.tags();
    const digest = here["v1.0.0"];
    for (const site of [two, three]) {
      expect(await shown(site)).toEqual({ "latest-dev": digest, "v1.0.0-dev": digest });
      const attached = await site.open().referrers(digest as never, go);
      const types = attached.map(
        ({ annotations }) => annotations?.["dev.sigstore.bundle.predicateType"],
      );
      expect(types).toContain("https://floe.dev/attestation/promotion/v1");
      expect(types).toContain("https://slsa.dev/verification_summary/v1");
    }
    await promote(project, "v1.1.0", "dev");
    const back = await project.done("rollback", "--env", "dev", "--reason", "worse", "-o", "json");
    expect(statuses(back.json)).toEqual([
      ["eu", "synced"],
      ["us", "synced"],
    ]);
    const after = await shown(two);
    expect(after["latest-dev"]).toBe(digest);
    expect(after["v1.0.0-dev-rollback-1"]).toBe(digest);
    const events = await project.done("platform", "history", "--env", "dev", "-o", "json");
    expect(events.rows.length).toBeGreaterThan(5);
  });

  test("that are down are a warning, and 19 with --strict-sync; the promotion is done, and reconcile catches up", async () => {
    await using bed = await world();
    const { one, two, three, project } = bed;
    const open = shut(two);
    const lenient = await promote(project, "v1.0.0", "dev");
    expect(lenient.code).toBe(0);
    expect(lenient.json["success"]).toBe(true);
    expect(statuses(lenient.json)).toEqual([
      ["eu", "failed"],
      ["us", "synced"],
    ]);
    expect(JSON.stringify(lenient.json["warnings"])).toContain("platform reconcile --env dev");
    const strict = await promote(project, "v1.1.0", "dev", "--strict-sync");
    expect(strict.code).toBe(19);
    expect(strict.json).toMatchObject({
      success: false,
      changed: true,
      error: { code: "FLOE_SYNC_INCOMPLETE", exit_code: 19 },
    });
    expect((await shown(three))["latest-dev"]).toBe((await one.tags())["v1.1.0"]);
    const still = await project.run("platform", "reconcile", "-o", "json");
    expect(still.code).toBe(19);
    open();
    const caught = await project.done("platform", "reconcile", "-o", "json");
    expect(statuses(caught.json)).toEqual([
      ["eu", "synced"],
      ["us", "unchanged"],
    ]);
    // Also what the environment does not run any more.
    expect(await shown(two)).toEqual(await shown(three));
    expect(Object.keys(await shown(two))).toEqual(["latest-dev", "v1.0.0-dev", "v1.1.0-dev"]);
    const writes = two.host?.writes;
    await project.done("platform", "reconcile");
    expect(two.host?.writes).toBe(writes);
  });

  test("keep an immutable tag that holds something else, are told about, and are not made to run it", async () => {
    await using bed = await world();
    const { two, project } = bed;
    const foreign = two.open();
    const built = buildArtifact({ layers: [{ content: "of somebody else" }] });
    for (const blob of built.blobs) await foreign.putBlob(blob.descriptor, blob.bytes, go);
    await foreign.createTag("v1.0.0-dev", built, go);
    const run = await promote(project, "v1.0.0", "dev", "--strict-sync");
    expect(run.code).toBe(19);
    expect(statuses(run.json)).toEqual([
      ["eu", "conflict"],
      ["us", "synced"],
    ]);
    expect(await shown(two)).toEqual({ "v1.0.0-dev": built.descriptor.digest });
    const again = await project.run("platform", "reconcile", "-o", "json");
    expect(again.code).toBe(19);
    expect(JSON.stringify(again.json["blocking"])).toContain("v1.0.0-dev holds");
  });

  test("that hang are left after their time", async () => {
    await using bed = await world({ two: { timeout_seconds: 1 } });
    const { two, project } = bed;
    const never = Promise.withResolvers<void>();
    two.host?.faults.add({
      match: () => true,
      action: { kind: "hold", until: never.promise },
      times: 1_000,
    });
    const run = await promote(project, "v1.0.0", "dev");
    never.resolve();
    expect(run.code).toBe(0);
    expect(run.json["registry_sync_status"]).toMatchObject([
      { registry: "eu", status: "failed", error: { message: "not done within 1 s" } },
      { registry: "us", status: "synced" },
    ]);
  });

  test("are caught up with when the run was killed between its outcome and them", async () => {
    await using bed = await world();
    const { one, two, three, project } = bed;
    let pid: number | undefined;
    const reached = Promise.withResolvers<void>();
    const never = Promise.withResolvers<void>();
    two.host?.faults.add({
      match: () => {
        if (pid !== undefined) process.kill(pid, "SIGKILL");
        reached.resolve();
        return true;
      },
      action: { kind: "hold", until: never.promise },
    });
    const killed = await project.runWith(
      { started: (child) => (pid = child) },
      ...["promote", "v1.0.0", "--to", "dev"],
    );
    await reached.promise;
    never.resolve();
    two.host?.faults.clear();
    expect(killed.code).toBeNull();
    const { "v1.0.0": digest, "latest-dev": latest } = await one.tags();
    expect(latest).toBe(digest);
    // The ledger has the outcome, and says what was still to be done.
    expect(await lastEvent(one, "dev")).toMatchObject({
      kind: "outcome",
      body: {
        registry_sync_status: [
          { registry: "eu", status: "pending" },
          { registry: "us", status: "pending" },
        ],
      },
    });
    expect(await shown(two)).toEqual({});
    await project.done("platform", "reconcile");
    expect(await shown(two)).toEqual({ "latest-dev": digest, "v1.0.0-dev": digest });
    expect(await shown(three)).toEqual(await shown(two));
    const again = await promote(project, "v1.0.0", "dev");
    expect(again.code).toBe(10);
  });

  test("get what the ledger says, and not what a tag was made to hold without floe", async () => {
    await using bed = await world();
    const { one, two, project } = bed;
    const open = shut(two);
    await promote(project, "v1.0.0", "dev");
    const digest = (await one.tags())["v1.0.0"];
    const store = one.open();
    const other = await store.getManifest("v1.1.0", go);
    if (!other) throw new Error("v1.1.0 was published");
    await store.deleteTag("v1.0.0-dev", go);
    const input = { bytes: other.bytes, mediaType: other.descriptor.mediaType };
    await store.createTag("v1.0.0-dev", input, go);
    await store.moveTag("latest-dev", input, go);
    open();
    await project.done("platform", "reconcile");
    expect(await shown(two)).toEqual({ "latest-dev": digest, "v1.0.0-dev": digest });
  });

  test("are never shown the login of another one", async () => {
    await using bed = await world();
    const { two, three, project } = bed;
    await promote(project, "v1.0.0", "dev");
    for (const [site, login] of [
      [two, "two:two-password"],
      [three, "three:three-password"],
    ] as const) {
      const seen = site.host?.requests.flatMap(({ headers }) => headers["authorization"] ?? []);
      expect([...new Set(seen)]).toEqual([`Basic ${Buffer.from(login).toString("base64")}`]);
    }
  });

  test("are a repository that nothing else in the manifest has: 2", async () => {
    await using bed = await world();
    const { two, project } = bed;
    const { readFileSync, writeFileSync } = await import("node:fs");
    const path = `${project.dir}/manifest.yaml`;
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      text.replace("oci-layout:./.floe/one", `oci://${two.host?.host}/${REPOSITORY}`),
    );
    const run = await project.run("manifest", "validate");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("is the repository of the manifest");
  });
});
