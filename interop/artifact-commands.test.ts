import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peer, run, startDockerRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { pushCraneImage } from "./support/crane-image.ts";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const LONG = `${"long-name-".repeat(14)}é.txt`;

async function writeChart(at: string): Promise<void> {
  await mkdir(join(at, "templates/none"), { recursive: true });
  await writeFile(join(at, "Chart.yaml"), "name: acme\n");
  await writeFile(join(at, "templates", LONG), "long");
  await writeFile(join(at, "run.sh"), "#!/bin/sh\n");
  await chmod(join(at, "run.sh"), 0o755);
  await symlink("../Chart.yaml", join(at, "templates/link"));
}

async function expectChart(at: string): Promise<void> {
  expect(await readFile(join(at, "templates", LONG), "utf8")).toBe("long");
  expect(await readFile(join(at, "templates/link"), "utf8")).toBe("name: acme\n");
  expect(await readlink(join(at, "templates/link"))).toBe("../Chart.yaml");
  expect((await stat(join(at, "run.sh"))).mode & 0o777).toBe(0o755);
  expect((await stat(join(at, "templates/none"))).isDirectory()).toBe(true);
}

test("a folder and a file that floe pushed are pulled by oras as they were", async ({ signal }) => {
  await using registry = await startDockerRegistry({ signal });
  await using folder = await tempFolder();
  const options = { cwd: folder.path, signal };
  const reference = `${registry.host}/acme/app:v1.0.0`;
  await writeChart(join(folder.path, "chart"));
  await writeFile(join(folder.path, "values.json"), "{}");
  const files = ["chart", "values.json:application/vnd.acme.values+json"];
  const digest = await floeDone(["artifact", "push", reference, ...files], options);
  expect(await runPeer("crane", ["digest", reference], options)).toBe(digest);
  await runPeer("oras", ["pull", "--plain-http", "-o", "out", reference], options);
  await expectChart(join(folder.path, "out/chart"));
  expect(await readFile(join(folder.path, "out/values.json"), "utf8")).toBe("{}");
});

test("a folder and a file that oras pushed are pulled by floe as they were", async ({ signal }) => {
  await using registry = await startDockerRegistry({ signal });
  await using folder = await tempFolder();
  const options = { cwd: folder.path, signal };
  const reference = `${registry.host}/acme/app:v1.0.0`;
  await writeChart(join(folder.path, "chart"));
  await mkdir(join(folder.path, "deep"));
  await writeFile(join(folder.path, "deep/values.json"), "{}");
  const files = ["chart/", "deep/values.json:application/json"];
  await runPeer("oras", ["push", "--plain-http", reference, ...files], options);
  await floeDone(["artifact", "pull", reference, "-d", "out"], options);
  await expectChart(join(folder.path, "out/chart"));
  expect(await readFile(join(folder.path, "out/deep/values.json"), "utf8")).toBe("{}");
});

test("inspect --raw gives the bytes that crane gives", async ({ signal }) => {
  await using registry = await startDockerRegistry({ signal });
  await using folder = await tempFolder();
  const options = { cwd: folder.path, signal };
  const reference = `${registry.host}/acme/app:v1.0.0`;
  await pushCraneImage(reference, options);
  const raw = await runFloe(["artifact", "inspect", "--raw", reference], options);
  const crane = await run(peer("crane"), ["manifest", reference], options);
  expect(raw.stdout.trimEnd()).toBe(crane.stdout.trimEnd());
});

test("what oras attached is listed, and what floe deleted is gone for crane", async ({
  signal,
}) => {
  await using registry = await startDockerRegistry({ signal });
  await using folder = await tempFolder();
  const options = { cwd: folder.path, signal };
  const reference = `${registry.host}/acme/app:v1.0.0`;
  await pushCraneImage(reference, options);
  await writeFile(join(folder.path, "sbom"), "sbom");
  const flags = ["--plain-http", "--artifact-type", "application/vnd.acme.sbom"];
  await runPeer("oras", ["attach", ...flags, reference, "sbom"], options);
  const listed = await floeDone(["artifact", "referrers", reference, "-o", "json"], options);
  expect(JSON.parse(listed)).toMatchObject([{ artifact_type: "application/vnd.acme.sbom" }]);
  await floeDone(["artifact", "delete", reference, "--yes"], options);
  expect((await run(peer("crane"), ["digest", reference], options)).exitCode).not.toBe(0);
});
