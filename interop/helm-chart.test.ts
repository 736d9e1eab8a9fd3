import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startDockerRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { floeDone } from "./support/run-floe.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

// The media types of a Helm chart in a registry: helm.sh/docs/topics/registries.
const CONFIG = "application/vnd.cncf.helm.config.v1+json";
const CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

async function writeChart(folder: string): Promise<void> {
  await writeFile(
    join(folder, "chart.json"),
    '{"name":"acme","version":"1.0.0","apiVersion":"v2"}',
  );
  await writeFile(join(folder, "acme-1.0.0.tgz"), "what helm package makes");
}

test("a chart that floe pushed is one for oras and crane", async ({ signal }) => {
  await using registry = await startDockerRegistry({ signal });
  await using folder = await tempFolder();
  const options = { cwd: folder.path, signal };
  const reference = `${registry.host}/charts/acme:1.0.0`;
  await writeChart(folder.path);
  const push = ["artifact", "push", reference, `acme-1.0.0.tgz:${CHART}`];
  const digest = await floeDone([...push, "--config", `chart.json:${CONFIG}`], options);
  expect(await runPeer("crane", ["digest", reference], options)).toBe(digest);
  const manifest = JSON.parse(await runPeer("crane", ["manifest", reference], options));
  expect(manifest.artifactType).toBeUndefined();
  expect([manifest.config.mediaType, manifest.layers[0].mediaType]).toEqual([CONFIG, CHART]);
  await runPeer("oras", ["pull", "--plain-http", "-o", "out", reference], options);
  expect(await readFile(join(folder.path, "out/acme-1.0.0.tgz"), "utf8")).toBe(
    "what helm package makes",
  );
  expect(JSON.parse(await runPeer("crane", ["config", reference], options))).toMatchObject({
    name: "acme",
  });
});

test("a chart that oras pushed is pulled, copied and signed by floe as it was", async ({
  signal,
}) => {
  await using registry = await startDockerRegistry({ signal });
  await using folder = await tempFolder();
  const options = { cwd: folder.path, signal };
  const reference = `${registry.host}/charts/acme:1.0.0`;
  await writeChart(folder.path);
  const files = ["--config", `chart.json:${CONFIG}`, `acme-1.0.0.tgz:${CHART}`];
  await runPeer("oras", ["push", "--plain-http", reference, ...files], options);
  const digest = await runPeer("crane", ["digest", reference], options);
  await floeDone(["artifact", "pull", reference, "-d", "out"], options);
  expect(await readFile(join(folder.path, "out/acme-1.0.0.tgz"), "utf8")).toBe(
    "what helm package makes",
  );
  await floeDone(["artifact", "keygen", "--output-key-prefix", "k"], options);
  await floeDone(["artifact", "sign", reference, "--key", "k.key"], options);
  const copy = `${registry.host}/mirror/acme:1.0.0`;
  await floeDone(["artifact", "copy", reference, copy], options);
  expect(await runPeer("crane", ["digest", copy], options)).toBe(digest);
  const inspected = await floeDone(["artifact", "inspect", copy, "-o", "json"], options);
  expect(JSON.stringify(JSON.parse(inspected))).toContain(CHART);
  await runPeer(
    "cosign",
    ["verify", "--key", "k.pub", "--insecure-ignore-tlog", "--allow-insecure-registry", copy],
    options,
  );
});
