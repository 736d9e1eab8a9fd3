import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digestOf, MEDIA_TYPES } from "@floe/core/model";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, go, type Project } from "../../bed/a-project.ts";
import type { Json } from "../../bed/floe.ts";
import { temporaryFolder } from "../../bed/temporary-folder.ts";

const REPOSITORY = "registry.example.com/acme/shop";

/** Publishes a container image, signed by nobody: dev takes it with a warning. */
async function publishImage({ store }: Project, version: string): Promise<string> {
  const blobs = [
    '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
    `layer of ${version}`,
  ].map((text) => new TextEncoder().encode(text));
  const types = ["config.v1+json", "layer.v1.tar+gzip"];
  const [config, layer] = blobs.map((bytes, index) => ({
    mediaType: `application/vnd.oci.image.${types[index]}`,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  }));
  if (!config || !layer) throw new Error("an image has a config and a layer");
  for (const [index, descriptor] of [config, layer].entries())
    await store.putBlob(descriptor, blobs[index] ?? new Uint8Array(), go);
  const mediaType = MEDIA_TYPES.ociManifest;
  const manifest = { schemaVersion: 2, mediaType, config, layers: [layer] };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  await store.createTag(version, { mediaType, bytes }, go);
  return digestOf(bytes);
}

async function aShop(): Promise<Project & { readonly images: readonly string[] }> {
  const project = await aProject({
    versions: [],
    verification: { enforcement: "warn", public_key_ref: "keys/artifact.pub" },
  });
  const images = [await publishImage(project, "v1.0.0"), await publishImage(project, "v1.1.0")];
  await project.promote("v1.0.0", "dev");
  return Object.assign(project, { images });
}

const deploy = (target: string, path: string, ...more: string[]): string[] => [
  ...["platform", "deploy", "--env", "dev", "--target", target, "--path", path],
  ...["--repository", REPOSITORY, ...more],
];

describe("floe platform deploy", () => {
  test("writes what the environment holds, and nothing when that is there already", async () => {
    await using project = await aShop();
    const first = await project.done(...deploy("kustomize", "overlays/dev", "--image", "shop"));
    expect(first.stdout).toMatch(
      /^dev holds v1\.0\.0 \(sha256:\w{12}\) of registry\.example\.com\/acme\/shop\n {2}created +overlays\/dev\/kustomization\.yaml\nNext: git add -- overlays\/dev\/kustomization\.yaml && git commit -m 'dev: v1\.0\.0'/,
    );
    const file = "overlays/dev/kustomization.yaml";
    expect(parse(project.read(file))).toMatchObject({
      images: [{ name: "shop", newName: REPOSITORY, digest: project.images[0] }],
    });
    const before = statSync(join(project.dir, file), { bigint: true });
    const second = await project.done(...deploy("kustomize", "overlays/dev", "--image", "shop"));
    expect(second.stdout).toContain("unchanged");
    expect(second.stdout.trimEnd()).toMatch(/Nothing to do: it says so already\.$/);
    const after = statSync(join(project.dir, file), { bigint: true });
    expect([after.mtimeNs, after.ino]).toEqual([before.mtimeNs, before.ino]);
  });

  test("--check writes nothing, and ends with 20 and the files that do not say so", async () => {
    await using project = await aShop();
    const check = deploy("helm", "values.yaml", "--check");
    const missing = await project.run(...check, "-o", "json");
    expect([missing.code, existsSync(join(project.dir, "values.yaml"))]).toEqual([20, false]);
    expect(missing.json).toMatchObject({
      success: false,
      error: { code: "FLOE_DEPLOY_OUTDATED", exit_code: 20 },
      changed: false,
      files: [{ path: "values.yaml", status: "missing" }],
    });
    await project.done(...deploy("helm", "values.yaml"));
    expect((await project.run(...check)).code).toBe(0);
    await project.promote("v1.1.0", "dev");
    const text = project.read("values.yaml");
    const outdated = await project.run(...check);
    expect([outdated.code, project.read("values.yaml")]).toEqual([20, text]);
    expect(outdated.stderr).toContain("values.yaml does not say v1.1.0");
    await project.done(...deploy("helm", "values.yaml"));
    expect((await project.run(...check)).code).toBe(0);
    await project.done("rollback", "--env", "dev", "--reason", "r");
    expect((await project.run(...check)).code).toBe(20);
    await project.done(...deploy("helm", "values.yaml"));
    expect(project.read("values.yaml")).toBe(text);
  });

  test("in a folder of several files only the one that is about it is written, mode and links kept", async () => {
    await using project = await aShop();
    const application = (name: string, image: string): string =>
      `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: ${name} } # ${name}\nspec:\n  source:\n    kustomize:\n      images:\n      - "${image}:v0"\n`;
    project.write("apps/a.yaml", application("other", "registry.example.com/other"));
    project.write("apps/real/shop.txt", application("shop", REPOSITORY));
    chmodSync(join(project.dir, "apps/real/shop.txt"), 0o640);
    symlinkSync("real/shop.txt", join(project.dir, "apps/b.yml"));
    project.write("apps/README.md", "no: [yaml");
    const run = await project.run(...deploy("argocd", "apps"), "-o", "json");
    expect(run.json).toMatchObject({
      success: true,
      changed: true,
      artifact_kind: "image",
      files: [{ path: "apps/b.yml", status: "updated" }],
    });
    expect(project.read("apps/a.yaml")).toBe(application("other", "registry.example.com/other"));
    expect(project.read("apps/real/shop.txt")).toBe(
      application("shop", REPOSITORY).replace(
        `"${REPOSITORY}:v0"`,
        `"${REPOSITORY}@${project.images[0]}" # floe: v1.0.0 in dev`,
      ),
    );
    expect(lstatSync(join(project.dir, "apps/b.yml")).isSymbolicLink()).toBe(true);
    expect(statSync(join(project.dir, "apps/real/shop.txt")).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(project.dir, "apps")).sort()).toEqual([
      "README.md",
      "a.yaml",
      "b.yml",
      "real",
    ]);
  });

  test("links that lead outside, pipes, folders in place of files and broken YAML are refused", async () => {
    await using project = await aShop();
    await using elsewhere = await temporaryFolder();
    const outside = join(elsewhere.path, "values.yaml");
    writeFileSync(outside, "image: {}\n");
    const refused = async (target: string, path: string): Promise<[number | null, string]> => {
      const run = await project.run(...deploy(target, path), "-o", "json");
      return [run.code, (run.json["error"] as Json)["code"] as string];
    };
    mkdirSync(join(project.dir, "gitops"));
    symlinkSync(outside, join(project.dir, "gitops/values.yaml"));
    expect(await refused("helm", "gitops")).toEqual([2, "FLOE_DEPLOY_PATH_REFUSED"]);
    expect(await refused("helm", "gitops/values.yaml")).toEqual([2, "FLOE_DEPLOY_PATH_REFUSED"]);
    symlinkSync("nowhere.yaml", join(project.dir, "gitops/gone.yaml"));
    expect(await refused("helm", "gitops/gone.yaml")).toEqual([2, "FLOE_DEPLOY_PATH_REFUSED"]);
    mkdirSync(join(project.dir, "flux/dir.yaml"), { recursive: true });
    expect(await refused("flux", "flux")).toEqual([2, "FLOE_DEPLOY_PATH_REFUSED"]);
    expect(await refused("helm", "manifest.yaml/values.yaml")).toEqual([
      2,
      "FLOE_DEPLOY_PATH_REFUSED",
    ]);
    project.write("broken.yaml", "image:\n  digest: 'x\n");
    const run = await project.run(...deploy("helm", "broken.yaml"));
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining("broken.yaml:3:1")]);
    project.write("k/kustomization.yaml", "");
    project.write("k/Kustomization", "");
    expect(await refused("kustomize", "k")).toEqual([2, "FLOE_DEPLOY_PATH_REFUSED"]);
    expect(readFileSync(outside, "utf8")).toBe("image: {}\n");
  });

  test("refuses where the environment holds nothing (11), drifted (18), is unknown (3), or has no address (2)", async () => {
    await using project = await aShop();
    const code = async (...args: string[]) => (await project.run(...args)).code;
    const to = (environment: string): string[] =>
      deploy("helm", "v.yaml").map((word) => (word === "dev" ? environment : word));
    expect(await code(...to("prod"))).toBe(11);
    expect(await code(...to("pord"))).toBe(3);
    const here = ["platform", "deploy", "--env", "dev", "--target", "helm", "--path", "v.yaml"];
    const local = await project.run(...here);
    expect([local.code, local.stderr]).toEqual([2, expect.stringContaining("--repository")]);
    await project.done("platform", "lock", "--env", "dev", "--reason", "r");
    expect(await code(...deploy("helm", "locked.yaml"))).toBe(0);
    const moved = await project.store.getManifest("v1.1.0", go);
    if (!moved) throw new Error("v1.1.0 is gone");
    const { bytes, descriptor } = moved;
    await project.store.moveTag("latest-dev", { bytes, mediaType: descriptor.mediaType }, go);
    const drifted = await project.run(...deploy("helm", "v.yaml"), "-o", "json");
    expect([drifted.code, drifted.json["error"]]).toEqual([
      18,
      expect.objectContaining({ code: "FLOE_LEDGER_DRIFT" }),
    ]);
    expect(existsSync(join(project.dir, "v.yaml"))).toBe(false);
  });

  test("of a registry its own address is written, and an artifact that is no image becomes a source of its own", async () => {
    await using registry = await startRegistry();
    await using project = await aProject({ versions: [] });
    const manifest = parse(project.read("manifest.yaml")) as { artifacts: { registry: unknown } };
    const uri = `oci://${registry.host}/acme/shop`;
    manifest.artifacts.registry = { uri };
    project.write("manifest.yaml", stringify(manifest));
    project.write("app.json", "{}");
    await project.done("artifact", "push", "v1.0.0", "app.json");
    await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
    await project.promote("v1.0.0", "dev");
    const here = ["platform", "deploy", "--env", "dev"];
    await project.done(...here, "--target", "flux", "--path", "clusters");
    const { digest } = (await project.run("status", "--env", "dev", "-o", "json")).rows[0] ?? {};
    expect(parse(project.read("clusters/acme-dev.yaml"))).toMatchObject({
      kind: "OCIRepository",
      metadata: { name: "acme-dev", namespace: "flux-system" },
      spec: { url: uri, ref: { digest } },
    });
    await project.done(...here, "--target", "argocd", "--path", "app.yaml", "--name", "shop");
    expect(parse(project.read("app.yaml"))).toMatchObject({
      kind: "Application",
      metadata: { name: "shop" },
      spec: { source: { repoURL: uri, targetRevision: digest, path: "." } },
    });
    const kustomize = await project.done(...here, "--target", "kustomize", "--path", "k");
    expect(kustomize.stderr).toContain("is no container image");
  });
});
