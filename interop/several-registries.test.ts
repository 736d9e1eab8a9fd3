import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peer, run, startDockerRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { cosignGenerateKeyPair, cosignSign } from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { writeProject } from "./support/promotion-project.ts";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { tempFolder } from "./support/temp-folder.ts";

const PROMOTION = "https://floe.dev/attestation/promotion/v1";

test("what goes from one docker-registry to another with a login of its own is verified there by cosign alone", async ({
  signal,
}) => {
  await using resources = new AsyncDisposableStack();
  const { path: cwd } = resources.use(await tempFolder());
  const open = resources.use(await startDockerRegistry({ signal }));
  const shut = resources.use(await startDockerRegistry({ auth: true, signal }));
  const [from, to] = [`${open.host}/acme/app`, `${shut.host}/live/app`];
  await writeProject(cwd, { uri: `oci://${from}`, artifactKey: "cosign.pub", signal });
  const { username, password } = shut.credentials ?? {};
  const login = `${username}:${password}`;
  const manifest = JSON.parse(await readFile(join(cwd, "manifest.yaml"), "utf8"));
  manifest.artifacts.promotion.environments[2].registry = {
    uri: `oci://${to}`,
    auth: { type: "basic", credentials_ref: "env:LIVE" },
  };
  await writeFile(join(cwd, "manifest.yaml"), JSON.stringify(manifest));
  await cosignGenerateKeyPair({ cwd, signal });
  const digest = await pushCraneImage(`${from}:v1.2.3`, { cwd, signal });
  await cosignSign(`${from}@${digest}`, { cwd, signal });

  const env = { LIVE: login };
  const options = { cwd, signal, env };
  for (const environment of ["dev", "staging", "prod"])
    await floeDone(["promote", "v1.2.3", "--to", environment], options);

  const auths = { [shut.host]: { auth: Buffer.from(login).toString("base64") } };
  await writeFile(join(cwd, "config.json"), JSON.stringify({ auths }));
  const stock = { cwd, signal, env: { DOCKER_CONFIG: cwd } };
  const tagged = await run(peer("crane"), ["digest", `${to}:latest-prod`], stock);
  expect(tagged.stdout.trim()).toBe(digest);
  const listed = await run(peer("crane"), ["ls", to], stock);
  expect(listed.stdout.split("\n")).not.toContain("v1.2.3");
  const offline = "--insecure-ignore-tlog=true";
  const signature = ["verify", "--key", "cosign.pub", offline, `${to}@${digest}`];
  expect(await run(peer("cosign"), signature, stock)).toMatchObject({ exitCode: 0 });
  const record = ["verify-attestation", "--key", "keys/release.pub", "--type", PROMOTION, offline];
  const { stdout } = await run(peer("cosign"), [...record, `${to}:v1.2.3-prod`], stock);
  const targets = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(Buffer.from(JSON.parse(line).payload, "base64").toString("utf8")))
    .map(({ predicate }) => String(predicate.target_environment));
  expect(targets.toSorted()).toEqual(["dev", "prod", "staging"]);

  await floeDone(["platform", "verify", "--env", "prod"], options);
  // The login of one is not tried at the other: it would have been refused with 14 before anything was written.
  const wrong = { ...options, env: { LIVE: "interop:wrong" } };
  expect(await runFloe(["status", "--env", "prod"], wrong)).toMatchObject({ exitCode: 14 });
  expect(await runFloe(["status", "--env", "staging"], wrong)).toMatchObject({ exitCode: 0 });
});
