import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyArtifact, createLayoutStore, openArchiveStore } from "@floe/oci";
import { type DockerRegistry, run, startDockerRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import {
  cosignAttest,
  cosignGenerateKeyPair,
  cosignSign,
  cosignVerify,
  PASSWORD,
} from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { openRegistryStore } from "./support/open-registry-store.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const TYPE = "https://floe.dev/attestation/promotion/v1";
const tags = [{ tag: "v1.0.0", mutable: false }];

interface Where {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

const open = ({ host }: DockerRegistry, repository: string) =>
  openRegistryStore({ uri: `oci://${host}/${repository}` });

interface Node {
  readonly digest: string;
  readonly referrers?: readonly Node[];
}

/** All digests that oras finds attached, however far. */
async function discover(reference: string, { signal }: Where): Promise<string[]> {
  const flags = ["--plain-http", "--format", "json", "--depth", "8"];
  const root: Node = JSON.parse(
    await runPeer("oras", ["discover", ...flags, reference], { signal }),
  );
  const below = (node: Node): string[] =>
    (node.referrers ?? []).flatMap((one) => [one.digest, ...below(one)]);
  return below(root).sort();
}

/** An image by crane, signed and attested by cosign, with a report by oras and a note on that report. */
async function pushRelease(reference: string, where: Where): Promise<string> {
  const digest = await pushCraneImage(reference, where);
  const byDigest = `${reference.slice(0, reference.lastIndexOf(":"))}@${digest}`;
  await cosignGenerateKeyPair(where);
  await cosignSign(byDigest, where);
  await cosignAttest(byDigest, TYPE, { environment: "dev" }, where);
  await writeFile(join(where.cwd, "report"), "{}");
  const attach = async (to: string, type: string) => {
    const flags = ["--plain-http", "--artifact-type", type, "--format", "json"];
    const made = await runPeer("oras", ["attach", ...flags, to, "report"], where);
    return (JSON.parse(made) as { readonly digest: string }).digest;
  };
  const report = await attach(reference, "application/vnd.acme.report");
  await attach(byDigest.replace(digest, report), "application/vnd.acme.note");
  return digest;
}

describe("between two docker-registries", () => {
  test("what crane, oras and cosign made arrives whole, and cosign verifies it there", async ({
    signal,
  }) => {
    await using one = await startDockerRegistry({ signal });
    await using two = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const where = { cwd: folder.path, signal };
    const source = `${one.host}/acme/app:v1.0.0`;
    const target = `${two.host}/mirror/app:v1.0.0`;
    const digest = await pushRelease(source, where);
    await using from = open(one, "acme/app");
    await using to = open(two, "mirror/app");
    const report = await copyArtifact({ from, to, reference: "v1.0.0", tags }, { signal });

    expect(report.digest).toBe(digest);
    expect(report.referrers).toMatchObject({
      "application/vnd.acme.note": 1,
      "application/vnd.acme.report": 1,
    });
    expect(await runPeer("crane", ["digest", target], where)).toBe(digest);
    await runPeer("crane", ["validate", "--remote", target], where);
    const attached = await discover(source, where);
    expect(attached).toHaveLength(4);
    expect(await discover(target, where)).toEqual(attached);
    expect((await cosignVerify(target, where)).exitCode).toBe(0);
    expect((await cosignVerify(target, { ...where, type: TYPE })).exitCode).toBe(0);
  });

  test("a signature of cosign 2 under its tag comes along", async ({ signal }) => {
    await using one = await startDockerRegistry({ signal });
    await using two = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const where = { cwd: folder.path, signal };
    const digest = await pushCraneImage(`${one.host}/acme/app:v1.0.0`, where);
    await cosignGenerateKeyPair(where);
    const flags = [
      "--new-bundle-format=false",
      "--use-signing-config=false",
      "--tlog-upload=false",
    ];
    await runPeer(
      "cosign",
      ["sign", "--yes", "--key", "cosign.key", ...flags, `${one.host}/acme/app@${digest}`],
      { ...where, env: { COSIGN_PASSWORD: PASSWORD } },
    );
    await using from = open(one, "acme/app");
    await using to = open(two, "mirror/app");
    const report = await copyArtifact({ from, to, reference: "v1.0.0", tags }, { signal });
    const tag = `${digest.replace(":", "-")}.sig`;
    expect(report.tags).toEqual([
      { tag, status: "created" },
      { tag: "v1.0.0", status: "created" },
    ]);
    const verify = ["verify", "--key", "cosign.pub", "--insecure-ignore-tlog=true"];
    const old = [...verify, "--new-bundle-format=false", `${two.host}/mirror/app@${digest}`];
    await runPeer("cosign", old, where);
  });

  test("in one registry blobs are mounted, and crane finds them", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const where = { cwd: folder.path, signal };
    await pushCraneImage(`${registry.host}/acme/app:v1.0.0`, where);
    await using from = open(registry, "acme/app");
    await using to = open(registry, "other/app");
    const report = await copyArtifact({ from, to, reference: "v1.0.0", tags }, { signal });
    expect(report).toMatchObject({ bytes: 0, blobs: { copied: 0, mounted: 2, skipped: 0 } });
    await runPeer("crane", ["validate", "--remote", `${registry.host}/other/app:v1.0.0`], where);
  });
});

describe("an archive", () => {
  test("is a layout that oras brings to another registry, whole, and crane pushes", async ({
    signal,
  }) => {
    await using one = await startDockerRegistry({ signal });
    await using two = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const where = { cwd: folder.path, signal };
    const source = `${one.host}/acme/app:v1.0.0`;
    const digest = await pushRelease(source, where);
    const path = join(folder.path, "app.tar");
    await using from = open(one, "acme/app");
    {
      await using archive = await openArchiveStore({ path, writable: true }, { signal });
      await copyArtifact({ from, to: archive, reference: "v1.0.0", tags }, { signal });
      await archive.save({ signal });
    }
    // As it is, and unpacked.
    const straight = `${two.host}/straight/app:v1.0.0`;
    const cp = ["cp", "--recursive", "--from-oci-layout", "--to-plain-http"];
    await runPeer("oras", [...cp, `${path}:v1.0.0`, straight], where);
    expect(await discover(straight, where)).toEqual(await discover(source, where));
    await mkdir(join(folder.path, "out"));
    expect((await run("tar", ["-xf", path, "-C", "out"], where)).exitCode).toBe(0);
    const unpacked = `${two.host}/unpacked/app:v1.0.0`;
    await runPeer("oras", [...cp, "out:v1.0.0", unpacked], where);
    expect(await discover(unpacked, where)).toEqual(await discover(source, where));
    expect((await cosignVerify(unpacked, where)).exitCode).toBe(0);

    const pushed = `${two.host}/pushed/app:v1.0.0`;
    const single = join(folder.path, "single");
    await copyArtifact(
      {
        from,
        to: createLayoutStore({ path: single, create: true }),
        reference: "v1.0.0",
        tags,
        referrers: false,
      },
      { signal },
    );
    await runPeer("crane", ["push", single, pushed], where);
    expect(await runPeer("crane", ["digest", pushed], where)).toBe(digest);
  });

  test("of a layout that oras wrote is read", async ({ signal }) => {
    await using one = await startDockerRegistry({ signal });
    await using two = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const where = { cwd: folder.path, signal };
    const source = `${one.host}/acme/app:v1.0.0`;
    await pushRelease(source, where);
    const cp = ["cp", "--recursive", "--from-plain-http", "--to-oci-layout"];
    await runPeer("oras", [...cp, source, "layout:v1.0.0"], where);
    expect((await run("tar", ["-czf", "app.tgz", "-C", "layout", "."], where)).exitCode).toBe(0);
    const path = join(folder.path, "app.tgz");
    await using from = await openArchiveStore({ path, writable: false }, { signal });
    await using to = open(two, "mirror/app");
    await copyArtifact({ from, to, reference: "v1.0.0", tags }, { signal });
    const target = `${two.host}/mirror/app:v1.0.0`;
    expect(await discover(target, where)).toEqual(await discover(source, where));
    expect((await cosignVerify(target, where)).exitCode).toBe(0);
  });
});
