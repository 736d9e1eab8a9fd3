import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPES } from "@floe/core/model";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";
import { floe } from "../../bed/floe.ts";

const TERMINAL = new URL("../../bed/pretend-terminal.ts", import.meta.url).href;
const DIGEST_LINE = /^sha256:[0-9a-f]{64}\n$/;

describe("artifact copy", () => {
  test("carries a promoted version with its signature and record to a registry, and prints the digest", async () => {
    await using registry = await startRegistry();
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const { "v1.0.0": digest } = await project.tags();
    const run = await project.done(
      "artifact",
      "copy",
      "v1.0.0",
      `oci://${registry.host}/mirror/app`,
    );
    expect(run.stdout).toMatch(DIGEST_LINE);
    expect(run.stdout.trim()).toBe(digest);
    // Elsewhere than on a terminal it is one line, with what was done.
    expect(run.stderr).toMatch(
      /^copy: \d+ manifests, \d+ blobs \([\d.]+ (?:B|KiB)\) to 127\.0\.0\.1:\d+\/mirror\/app \([\d.]+ s\)\n$/,
    );
    expect(registry.tags("mirror/app")).toEqual({ "v1.0.0": digest });
    const shown = await project.done(
      ...["artifact", "inspect", `oci://${registry.host}/mirror/app:v1.0.0`, "-o", "json"],
    );
    const { json } = await project.done("artifact", "inspect", "v1.0.0", "-o", "json");
    const digests = (list: unknown) =>
      (list as { readonly digest: string }[]).map((one) => one.digest).sort();
    expect(digests(shown.json["referrers"])).toEqual(digests(json["referrers"]));
    expect(digests(json["referrers"]).length).toBeGreaterThan(1);
  });

  test("again says that everything is there, and writes nothing", async () => {
    await using registry = await startRegistry();
    await using project = await aProject();
    const copy = ["artifact", "copy", "v1.0.0", `oci://${registry.host}/mirror/app`];
    await project.done(...copy);
    const { writes } = registry;
    const run = await project.done(...copy);
    expect(run.stderr).toContain("has everything already");
    expect(registry.writes).toBe(writes);
  });

  test("through an archive keeps the digest, and other commands read the archive", async () => {
    await using project = await aProject();
    const { "v1.0.0": digest } = await project.tags();
    await project.done("artifact", "copy", "v1.0.0", "oci-archive:app.tar");
    const inspected = await project.done("artifact", "inspect", "oci-archive:app.tar:v1.0.0");
    expect(inspected.stdout).toContain(String(digest));
    const inside = join(project.dir, "inside");
    mkdirSync(inside);
    const run = await floe(
      ["artifact", "copy", "oci-archive:../app.tar:v1.0.0", "oci-layout:./registry"],
      { cwd: inside },
    );
    expect([run.code, run.stdout.trim()]).toEqual([0, digest]);
    const verified = await floe(
      [
        ...["artifact", "verify", "oci-layout:./registry:v1.0.0"],
        ...["--key", "../keys/artifact.pub"],
      ],
      { cwd: inside },
    );
    expect(verified.code, verified.stderr).toBe(0);
    project.write("file.json", "{}");
    const pushed = await project.run("artifact", "push", "oci-archive:app.tar:v3.0.0", "file.json");
    expect(pushed.code).toBe(2);
  });

  test.each(["v1.0.0-dev", "latest-prod", "v1.0.0-prod-rollback-1", "floe-ev.dev.000000000000"])(
    "to the tag %s is refused with 4 before anything is copied",
    async (tag) => {
      await using registry = await startRegistry();
      await using project = await aProject();
      const to = `oci://${registry.host}/mirror/app`;
      for (const words of [[`${to}:${tag}`], [to, "--tag", "v1.0.0", "--tag", tag]]) {
        const run = await project.run("artifact", "copy", "v1.0.0", ...words, "-o", "json");
        expect(run.code).toBe(4);
        expect(run.json["error"]).toMatchObject({ code: "FLOE_TAG_RESERVED", details: { tag } });
      }
      expect(registry.writes).toBe(0);
    },
  );

  test("over an immutable tag with another digest is 4; a mutable one is moved", async () => {
    await using registry = await startRegistry();
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const tags = await project.tags();
    const to = `oci://${registry.host}/mirror/app`;
    await project.done("artifact", "copy", "v1.0.0", to, "-t", "v1.0.0", "-t", "dev-nightly");
    const taken = await project.run("artifact", "copy", "v1.1.0", `${to}:v1.0.0`, "-o", "json");
    expect(taken.code).toBe(4);
    expect(taken.json["error"]).toMatchObject({ code: "FLOE_TAG_IMMUTABLE" });
    await project.done("artifact", "copy", "v1.1.0", `${to}:dev-nightly`);
    expect(registry.tags("mirror/app")).toMatchObject({
      "v1.0.0": tags["v1.0.0"],
      "dev-nightly": tags["v1.1.0"],
    });
  });

  test("of all tags that match leaves the promotions' own out, and says so", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0", "v2.0.0"] });
    await project.promote("v1.0.0", "dev");
    const uri = "oci-layout:./.floe/registry";
    const run = await project.done(
      ...["artifact", "copy", uri, "oci-layout:./mirror", "--all-tags", "v1.*", "-o", "json"],
    );
    expect((run.json["copies"] as { reference: string }[]).map((one) => one.reference)).toEqual([
      "v1.0.0",
      "v1.1.0",
    ]);
    expect(run.json).not.toHaveProperty("digest");
    expect(run.stderr).toContain("v1.0.0-dev");
    const listed = await project.done("artifact", "list", "-r", "oci-layout:./mirror", "--json");
    expect(listed.rows.map((row) => row["tag"])).toEqual(["v1.0.0", "v1.1.0"]);
    const none = await project.run(
      ...["artifact", "copy", uri, "oci-layout:./mirror", "--all-tags", "x*"],
    );
    expect(none.code).toBe(3);
  });

  test("of one platform warns that its digest is another", async () => {
    await using project = await aProject();
    const child = await project.store.resolve("v1.0.0", { signal: new AbortController().signal });
    const platform = { os: "linux", architecture: "arm64" };
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [{ ...child, platform }],
    };
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    const signal = new AbortController().signal;
    const manifest = { bytes, mediaType: MEDIA_TYPES.ociIndex };
    await project.store.createTag("v2.0.0", manifest, { signal });
    const copy = ["artifact", "copy", "v2.0.0", "oci-layout:./one", "--platform"];
    const run = await project.done(...copy, "linux/arm64/v8");
    expect(run.stdout.trim()).toBe(child?.digest);
    expect(run.stderr).toContain("warning: only");
    expect((await project.run(...copy, "linux/s390x")).code).toBe(3);
    expect((await project.run(...copy, "arm64")).code).toBe(2);
  });

  test("without attachments, of an unknown tag, or without a tag where one is needed", async () => {
    await using project = await aProject();
    const bare = await project.done(
      ...["artifact", "copy", "v1.0.0", "oci-layout:./bare", "--no-referrers", "-o", "json"],
    );
    expect(bare.json["copies"]).toMatchObject([{ referrers: {}, manifests: { copied: 1 } }]);
    expect((await project.run("artifact", "copy", "v9.9.9", "oci-layout:./bare")).code).toBe(3);
    const uri = "oci-layout:./.floe/registry";
    for (const words of [
      [uri, "oci-layout:./bare"],
      [`${uri}:v1.0.0`, "oci-layout:./bare", "--all-tags", "*"],
      [`${uri}:v1.0.0`, "oci-layout:./bare", "-r", uri],
      ["oci-archive:absent.tar:v1", "oci-layout:./bare"],
    ])
      expect((await project.run("artifact", "copy", ...words)).code).toBe(2);
    expect(existsSync(join(project.dir, "absent.tar"))).toBe(false);
  });
});

describe("artifact copy on a terminal", () => {
  test("shows bytes on one line while it goes on, and what was done at the end", async () => {
    await using project = await aProject({ versions: [] });
    project.write("big.bin", "x".repeat(3 * 1024 * 1024));
    await project.done("artifact", "push", "v1.0.0", "big.bin");
    const run = await project.runWith(
      { env: { NODE_OPTIONS: `--import ${TERMINAL}` } },
      ...["artifact", "copy", "v1.0.0", "oci-layout:./mirror"],
    );
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(DIGEST_LINE);
    expect(run.stderr).toMatch(/… copy: [^\n]* of 3\.0 MiB, \d of 2 blobs/);
    expect(run.stderr.match(/\n/g)).toHaveLength(1);
    expect(run.stderr).toContain("2 blobs (3.0 MiB) to oci-layout:./mirror");
  });
});
