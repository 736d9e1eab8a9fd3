import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { buildArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../../bed/a-project.ts";
import { floe } from "../../bed/floe.ts";

const DIGEST_LINE = /^sha256:[0-9a-f]{64}\n$/;

describe("artifact push", () => {
  test("prints the digest alone, and the same files give the same digest", async () => {
    await using project = await aProject({ versions: [] });
    project.write("app.json", "{}");
    const first = await project.done("artifact", "push", "v1.0.0", "app.json");
    expect(first.stdout).toMatch(DIGEST_LINE);
    const again = await project.done("artifact", "push", "v1.0.0", "app.json");
    expect(again.stdout).toBe(first.stdout);
    const other = await project.done("artifact", "push", "v1.0.1", "app.json", "-o", "json");
    expect(other.json).toEqual({
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      success: true,
      digest: first.stdout.trim(),
      tag: "v1.0.1",
      repository: expect.stringContaining(".floe/registry"),
      media_type: "application/vnd.oci.image.manifest.v1+json",
      size: expect.any(Number),
      files: [
        {
          title: "app.json",
          digest: expect.stringMatching(/^sha256:/),
          size: 2,
          media_type: "application/json",
        },
      ],
    });
  });

  test("over an immutable tag with other content is refused with 4 and the tag stays", async () => {
    await using project = await aProject({ versions: [] });
    project.write("app.json", "{}");
    const first = await project.done("artifact", "push", "v1.0.0", "app.json");
    project.write("app.json", "{ }");
    const run = await project.run("artifact", "push", "v1.0.0", "app.json", "-o", "json");
    expect(run.code).toBe(4);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_TAG_IMMUTABLE",
      details: { tag: "v1.0.0", digest: first.stdout.trim() },
    });
    expect((await project.tags())["v1.0.0"]).toBe(first.stdout.trim());
  });

  test.each([
    "v1.0.0-dev",
    "latest-prod",
    "v1.0.0-prod-rollback-1",
    "floe-rec.01a204cd-5ec6-77c8-a9e3-008635eeaa8f",
    "floe-ledger.dev",
    "floe-ev.dev.000000000000",
  ])("to %s is refused with 4: only promotions write that, and tag refuses it too", async (tag) => {
    await using project = await aProject();
    project.write("app.json", "{}");
    const before = await project.tags();
    for (const args of [
      ["artifact", "push", tag, "app.json"],
      ["artifact", "tag", "v1.0.0", tag],
    ]) {
      const run = await project.run(...args, "-o", "json");
      expect(run.code).toBe(4);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_TAG_RESERVED", details: { tag } });
    }
    expect(await project.tags()).toEqual(before);
  });

  test("takes -a FILE -r URI -t TAG as well, anywhere", async () => {
    await using project = await aProject({ versions: [] });
    project.write("elsewhere/app.json", "{}");
    const at = { cwd: join(project.dir, "elsewhere") };
    const run = await floe(
      ["artifact", "push", "-a", "app.json", "-r", "oci-layout:./registry", "-t", "v1.0.0"],
      at,
    );
    expect([run.code, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toMatch(DIGEST_LINE);
    const listed = await floe(["artifact", "list", "-r", "oci-layout:./registry", "--json"], at);
    expect(listed.rows).toEqual([
      { tag: "v1.0.0", kind: "version", version: "v1.0.0", environment: null },
    ]);
  });

  test("without a file, with a missing one, or with two of one name is 2", async () => {
    await using project = await aProject({ versions: [] });
    project.write("app.json", "{}");
    project.write("b/app.json", "{}");
    for (const files of [[], ["gone.json"], ["app.json", "b/app.json"], ["/dev/null"]]) {
      const run = await project.run("artifact", "push", "v1.0.0", ...files, "--json");
      expect([files, run.code]).toEqual([files, 2]);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_USAGE_INVALID" });
    }
    expect(await project.tags()).toEqual({});
  });
});

describe("artifact pull", () => {
  test("writes the files that were pushed", async () => {
    await using project = await aProject({ versions: [] });
    project.write("app.json", '{"replicas":2}');
    project.write("values.yaml", "a: 1\n");
    await project.done(
      "artifact",
      "push",
      "v1.0.0",
      "app.json",
      "values.yaml:application/x-values",
    );
    const run = await project.done("artifact", "pull", "v1.0.0", "-d", "out", "-o", "json");
    expect(run.json["files"]).toEqual([
      { path: "app.json", digest: expect.stringMatching(/^sha256:/), size: 14, unpacked: null },
      { path: "values.yaml", digest: expect.stringMatching(/^sha256:/), size: 5, unpacked: null },
    ]);
    expect(project.read("out/app.json")).toBe('{"replicas":2}');
    expect(project.read("out/values.yaml")).toBe("a: 1\n");
  });

  async function withTitle(project: Project, ...titles: string[]): Promise<void> {
    const built = buildArtifact({
      layers: titles.map((title, index) => ({
        content: `owned ${index}`,
        annotations: { "org.opencontainers.image.title": title },
      })),
    });
    for (const blob of built.blobs) await project.store.putBlob(blob.descriptor, blob.bytes, go);
    await project.store.createTag("v6.6.6", built, go);
  }

  // Row 19.
  test.each([
    ["../evil"],
    ["a/../../evil"],
    ["/tmp/floe-evil"],
    [".."],
    ["a\\..\\..\\evil"],
    ["C:evil"],
    ["a\nb"],
    [".git/hooks/post-checkout"],
    ["ok.txt", "../evil"],
    ["a.txt", "A.txt"],
    ["a", "a/b"],
    ["a/b", "a"],
    ["caf\u00e9", "cafe\u0301"],
    ["a\u0000b"],
    ["x".repeat(256)],
    ["\u00e9".repeat(128)],
    ["\ud800"],
    ["aux.txt"],
    ["sub/COM1"],
    ["ends.with.dot."],
    ["sub/.GIT/config"],
    [".g\u200cit/config"],
    ["a//b"],
    ["./a"],
  ])("refuses the title %j and writes nothing", async (...titles) => {
    await using project = await aProject({ versions: [] });
    await withTitle(project, ...titles);
    mkdirSync(join(project.dir, "out"));
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out", "-o", "json");
    expect(run.code).toBe(5);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_REGISTRY_RESPONSE_INVALID" });
    expect(existsSync(join(project.dir, "evil"))).toBe(false);
    expect(existsSync("/tmp/floe-evil")).toBe(false);
    expect(readdirSync(join(project.dir, "out"))).toEqual([]);
  });

  // Row 19.
  test("does not follow a link out of the folder that is there already", async () => {
    await using project = await aProject({ versions: [] });
    await withTitle(project, "link/evil");
    mkdirSync(join(project.dir, "out"));
    symlinkSync(project.dir, join(project.dir, "out/link"));
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out");
    expect(run.code).toBe(5);
    expect(existsSync(join(project.dir, "evil"))).toBe(false);
  });

  test("of content that was changed in the registry is 18 and leaves no file", async () => {
    await using project = await aProject({ versions: [] });
    project.write("app.json", "{}");
    await project.done("artifact", "push", "v1.0.0", "app.json");
    const { json } = await project.done("artifact", "inspect", "v1.0.0", "-o", "json");
    const [layer] = (json["manifest"] as { layers: { digest: string }[] }).layers;
    project.write(`.floe/registry/blobs/${layer?.digest.replace(":", "/")}`, "[]");
    const run = await project.run("artifact", "pull", "v1.0.0", "-d", "out", "-o", "json");
    expect(run.code).toBe(18);
    expect(existsSync(join(project.dir, "out/app.json"))).toBe(false);
  });
});

describe("artifact inspect, list and tag", () => {
  test("inspect shows the digest, the layers and what is attached", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const run = await project.done("artifact", "inspect", "v1.0.0", "-o", "json");
    const digest = (await project.tags())["v1.0.0"];
    expect(run.json).toMatchObject({ digest, reference: "v1.0.0", manifest: { schemaVersion: 2 } });
    const attached = run.json["referrers"] as { annotations: Record<string, string> }[];
    expect(
      attached.map((one) => String(one.annotations["dev.sigstore.bundle.predicateType"])).sort(),
    ).toEqual([
      "https://floe.dev/attestation/promotion/v1",
      "https://sigstore.dev/cosign/sign/v1",
      "https://slsa.dev/verification_summary/v1",
    ]);
    const byDigest = await project.done("artifact", "inspect", String(digest));
    expect(byDigest.stdout).toContain(String(digest));
    expect(byDigest.stdout).toContain("https://floe.dev/attestation/promotion/v1");
  });

  test("list hides floe's own tags unless --all, and takes a pattern", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.10.0", "v1.9.0"] });
    await project.promote("v1.0.0", "dev");
    const { rows } = await project.done("artifact", "list", "-o", "json");
    const of = (kind: string, version: string | null, environment: string | null) => ({
      ...{ kind, version, environment },
    });
    expect(rows).toEqual([
      { tag: "latest-dev", ...of("latest", null, "dev") },
      { tag: "v1.0.0", ...of("version", "v1.0.0", null) },
      { tag: "v1.0.0-dev", ...of("environment", "v1.0.0", "dev") },
      { tag: "v1.9.0", ...of("version", "v1.9.0", null) },
      { tag: "v1.10.0", ...of("version", "v1.10.0", null) },
    ]);
    const all = await project.done("artifact", "list", "--all", "-o", "json");
    expect(all.rows).toContainEqual(
      expect.objectContaining({ tag: "floe-ledger.dev", kind: "floe" }),
    );
    const some = await project.done("artifact", "list", "v1.*.0", "-o", "json");
    expect(some.rows.map((row) => row["tag"])).toEqual(["v1.0.0", "v1.9.0", "v1.10.0"]);
  });

  test("tag creates an immutable tag once and moves a mutable one", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const tags = await project.tags();
    await project.done("artifact", "tag", "v1.0.0", "v2.0.0");
    expect((await project.run("artifact", "tag", "v1.1.0", "v2.0.0")).code).toBe(4);
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const run = await project.done("artifact", "tag", version, "dev-nightly");
      expect(run.stdout.trim()).toBe(tags[version]);
      expect((await project.tags())["dev-nightly"]).toBe(tags[version]);
    }
    expect((await project.tags())["v2.0.0"]).toBe(tags["v1.0.0"]);
    expect((await project.run("artifact", "tag", "v1.0.0", "not a tag")).code).toBe(2);
    expect((await project.run("artifact", "tag", "v9.9.9", "x")).code).toBe(3);
  });

  test("a gate whose plugin is not installed here does not stand in their way", async () => {
    await using project = await aProject({
      environments: [{ name: "dev", gates: { policy_compliance: true, acme_check: true } }],
      plugins: { use: ["floe-plugin-absent"] },
    });
    await project.done("artifact", "inspect", "v1.0.0");
  });
});
