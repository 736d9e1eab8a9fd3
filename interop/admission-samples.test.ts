import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { peer, run, startDockerRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { cosignGenerateKeyPair, cosignSign } from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { writeProject } from "./support/promotion-project.ts";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { tempFolder } from "./support/temp-folder.ts";

describe("floe platform verify --print cosign", () => {
  test("prints a script that accepts what is in the environment, and nothing else", async ({
    signal,
  }) => {
    await using folder = await tempFolder();
    const { path: cwd } = folder;
    await using registry = await startDockerRegistry({ signal });
    const repository = `${registry.host}/acme/app`;
    const uri = `oci://${repository}`;
    await writeProject(cwd, { uri, artifactKey: "cosign.pub", signal });
    await cosignGenerateKeyPair({ cwd, signal });
    const digests: string[] = [];
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const reference = `${repository}:${version}`;
      const digest = await pushCraneImage(reference, { cwd, content: version, signal });
      await cosignSign(`${repository}@${digest}`, { cwd, signal });
      await floeDone(["promote", version, "--to", "dev"], { cwd, signal });
      digests.push(digest);
    }
    await floeDone(["promote", "v1.0.0", "--to", "staging"], { cwd, signal });
    const script = async (environment: string): Promise<string> => {
      const print = ["platform", "verify", "--env", environment, "--print", "cosign"];
      await writeFile(join(cwd, `${environment}.sh`), await floeDone(print, { cwd, signal }));
      return `${environment}.sh`;
    };
    const [dev, staging] = [await script("dev"), await script("staging")];
    const path = `${dirname(peer("cosign"))}:${process.env["PATH"] ?? ""}`;
    const ask = async (file: string, digest: string | undefined): Promise<number | null> => {
      const options = { cwd, signal, env: { PATH: path } };
      return (await run("sh", [file, `${repository}@${digest}`], options)).exitCode;
    };
    // v1.0.0 is in both; v1.1.0 in dev alone, and its verdict there is none for staging.
    expect([await ask(dev, digests[0]), await ask(staging, digests[0])]).toEqual([0, 0]);
    expect([await ask(dev, digests[1]), await ask(staging, digests[1])]).toEqual([0, 1]);
    // Without a reference it is about what the environment runs.
    const latest = await run("sh", [staging], { cwd, signal, env: { PATH: path } });
    expect(latest).toMatchObject({ exitCode: 0 });
    expect(latest.stdout).toContain("by release");
    // Somebody else's key proves nothing.
    const other = await readFile(join(cwd, "cosign.pub"), "utf8");
    const text = await readFile(join(cwd, staging), "utf8");
    const pem = /-----BEGIN[\s\S]*?-----END PUBLIC KEY-----\n/;
    await writeFile(join(cwd, "other.sh"), text.replace(pem, other));
    expect(await ask("other.sh", digests[0])).toBe(1);
    // Nor does the verdict of a repository that the artifact was copied to.
    const mirror = `${registry.host}/acme/mirror`;
    await floeDone(["artifact", "copy", "v1.0.0", `oci://${mirror}`], { cwd, signal });
    const elsewhere = ["platform", "verify", "--env", "staging", "--print", "cosign"];
    const moved = await runFloe([...elsewhere, "-r", `oci://${mirror}`], { cwd, signal });
    await writeFile(join(cwd, "mirror.sh"), moved.stdout);
    const options = { cwd, signal, env: { PATH: path } };
    const copied = await run("sh", ["mirror.sh", `${mirror}:v1.0.0`], options);
    expect(copied.exitCode).toBe(1);
  });
});
