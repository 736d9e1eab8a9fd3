import { generateKeyPairSync, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@floe/core/model";
import { createRekorLog, loadKeylessEngine, publicKeyPem } from "@floe/signing";
import {
  peer,
  type RunResult,
  run,
  startDockerRegistry,
  startRegistry,
  startSigstore,
  writeKmsPlugin,
} from "@floe/testing";
import { describe, expect, test } from "vitest";
import { pushCraneImage } from "./support/crane-image.ts";
import { ISSUER, keylessProject, SUBJECT } from "./support/keyless-project.ts";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const TYPE = "https://acme.example/review/v1";
const TRUST = ["--trusted-root", "trusted_root.json"];

/** An image that crane pushed, in a project that signs and trusts keyless. */
async function bench(
  openRegistry: () => Promise<AsyncDisposable & { readonly host: string }>,
  signal: AbortSignal,
) {
  await using resources = new AsyncDisposableStack();
  const registry = resources.use(await openRegistry());
  const repository = `${registry.host}/acme/app`;
  const project = resources.use(await keylessProject(repository));
  const { folder: cwd, env } = project;
  const options = { cwd, env, signal };
  const digest = await pushCraneImage(`${repository}:v1.0.0`, { cwd, signal });
  const owned = resources.move();
  return {
    ...project,
    options,
    digest,
    reference: `${repository}@${digest}`,
    floe: (...args: string[]) => floeDone(args, options),
    floeJson: async (...args: string[]) => {
      const { stdout, exitCode, stderr } = await runFloe([...args, "-o", "json"], options);
      return { exitCode, stderr, json: JSON.parse(stdout) as Record<string, unknown> };
    },
    cosignSign: (command: readonly string[] = ["sign"]) =>
      runPeer(
        "cosign",
        [
          ...[...command, "--yes", "--signing-config", "signing_config.json", ...TRUST],
          ...["--identity-token", project.token, `${repository}@${digest}`],
        ],
        options,
      ),
    cosignVerify: (
      command: readonly string[] = ["verify"],
      identity = SUBJECT,
      issuer = ISSUER,
    ): Promise<RunResult> =>
      run(
        peer("cosign"),
        [
          ...[...command, ...TRUST, "--certificate-identity", identity],
          ...["--certificate-oidc-issuer", issuer, `${repository}@${digest}`],
        ],
        options,
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe.for([
  ["docker-registry, without the referrers API", () => startDockerRegistry()],
  ["a registry with the referrers API", () => startRegistry()],
] as const)("on %s", ([, openRegistry]) => {
  test("cosign verifies what floe signs keyless, for its subject alone", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    expect(await bed.floe("artifact", "sign", bed.reference)).toContain(SUBJECT);
    const accepted = await bed.cosignVerify();
    expect([accepted.exitCode, accepted.stderr]).toEqual([0, expect.anything()]);
    expect(accepted.stdout).toContain(bed.digest);
    expect((await bed.cosignVerify(["verify"], `${SUBJECT}0`)).exitCode).not.toBe(0);
    expect((await bed.cosignVerify(["verify"], SUBJECT, `${ISSUER}/x`)).exitCode).not.toBe(0);
  });

  test("cosign verifies what floe attests keyless, by its type", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    await writeFile(join(bed.folder, "p.json"), '{"approved":true}');
    await bed.floe("artifact", "attest", bed.reference, "--type", TYPE, "--predicate", "p.json");
    const accepted = await bed.cosignVerify(["verify-attestation", "--type", TYPE]);
    expect([accepted.exitCode, accepted.stderr]).toEqual([0, expect.anything()]);
    const other = await bed.cosignVerify(["verify-attestation", "--type", `${TYPE}/x`]);
    expect(other.exitCode).not.toBe(0);
  });

  test("floe verifies what cosign signs keyless, for its subject alone", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    const before = await bed.floeJson("artifact", "verify", bed.reference, "--env", "prod");
    expect([before.exitCode, before.json["status"]]).toEqual([6, "unsigned"]);
    await bed.cosignSign();
    const { exitCode, json } = await bed.floeJson(
      ...["artifact", "verify", bed.reference, "--env", "prod"],
    );
    expect([exitCode, json]).toEqual([
      0,
      expect.objectContaining({
        status: "valid",
        signer_identity: SUBJECT,
        issuer: ISSUER,
        rekor_verified: true,
      }),
    ]);
  });

  test("a promotion is signed and read keyless, and its record verifies with cosign", async ({
    signal,
  }) => {
    await using bed = await bench(openRegistry, signal);
    await bed.floe("artifact", "sign", bed.reference);
    const asked = bed.requests.length;
    const dry = await bed.floeJson("promote", "v1.0.0", "--to", "dev", "--dry-run");
    expect([dry.exitCode, dry.stderr]).toEqual([0, expect.anything()]);
    expect(bed.requests.length).toBe(asked);
    const { exitCode, json, stderr } = await bed.floeJson("promote", "v1.0.0", "--to", "dev");
    expect([exitCode, stderr]).toEqual([0, expect.anything()]);
    expect(json).toMatchObject({ success: true });
    expect(JSON.stringify(json) + stderr).not.toContain(bed.token.split(".")[1]);
    const record = ["verify-attestation", "--type", "https://floe.dev/attestation/promotion/v1"];
    const accepted = await bed.cosignVerify(record);
    expect([accepted.exitCode, accepted.stderr]).toEqual([0, expect.anything()]);
    const board = await bed.floeJson("status");
    expect(board.exitCode).toBe(0);
    expect(JSON.stringify(board.json)).toContain("v1.0.0");
    const onward = await bed.floeJson("promote", "v1.0.0", "--to", "prod");
    expect([onward.exitCode, onward.stderr]).toEqual([0, expect.anything()]);
  });
});

test("a KMS plugin signs for floe and for cosign, and each verifies the other's", async ({
  signal,
}) => {
  await using registry = await startRegistry();
  await using temp = await tempFolder();
  const plugin = await writeKmsPlugin(join(temp.path, "bin"));
  const PATH = `${plugin.folder}:${process.env["PATH"]}`;
  const options = { cwd: temp.path, signal, env: { PATH } };
  await writeFile(join(temp.path, "kms.pub"), plugin.publicKeyPem);
  const config = {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    ...{ caUrls: [], oidcUrls: [], rekorTlogUrls: [], tsaUrls: [] },
    ...{ rekorTlogConfig: {}, tsaConfig: {} },
  };
  await writeFile(join(temp.path, "no-services.json"), JSON.stringify(config));
  const push = (name: string) =>
    pushCraneImage(`${registry.host}/acme/${name}:v1.0.0`, { cwd: temp.path, signal });

  const ours = `${registry.host}/acme/ours@${await push("ours")}`;
  await floeDone(["artifact", "sign", ours, "--key", plugin.uri], options);
  for (const key of ["kms.pub", plugin.uri]) {
    const verify = ["verify", "--key", key, "--insecure-ignore-tlog=true", ours];
    const accepted = await run(peer("cosign"), verify, options);
    expect([key, accepted.exitCode, accepted.stderr]).toEqual([key, 0, expect.anything()]);
  }

  const theirs = `${registry.host}/acme/theirs@${await push("theirs")}`;
  const sign = ["sign", "--yes", "--key", plugin.uri, "--signing-config", "no-services.json"];
  await runPeer("cosign", [...sign, theirs], options);
  for (const key of ["kms.pub", plugin.uri])
    await floeDone(["artifact", "verify", theirs, "--key", key], options);
});

test("cosign verifies what a log has given for a checkpoint, without the log", async ({
  signal,
}) => {
  await using folder = await tempFolder();
  const trustedRoot = join(folder.path, "trusted_root.json");
  await using sigstore = await startSigstore();
  await writeFile(trustedRoot, sigstore.trustedRoot);
  const bytes = Buffer.from(sigstore.trustedRoot);
  const file = { path: trustedRoot, sha256: digestOf(bytes), bytes };
  const trustRoot = { from: "file", file } as const;
  const log = createRekorLog({
    url: sigstore.url,
    engine: (call) => loadKeylessEngine({ ...call, trustRoot, cacheDir: folder.path }),
  });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const message = Buffer.from("urn:floe:ledger:prod:1\n3\ncm9vdA==\n");
  const publicKey = publicKeyPem(privateKey);
  const signed = { message, signature: sign("sha256", message, privateKey), publicKey };
  const bundle = await log.log(signed, { signal });
  await sigstore[Symbol.asyncDispose]();
  const files = { "key.pub": publicKey, "log.json": bundle, note: message, other: "another\n" };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder.path, name), content);
  const verify = ["verify-blob", "--key", "key.pub", "--bundle", "log.json", ...TRUST];
  const verified = async (name: string) =>
    await run(peer("cosign"), [...verify, name], { cwd: folder.path, signal });
  const accepted = await verified("note");
  expect(accepted.exitCode, accepted.stderr).toBe(0);
  expect((await verified("other")).exitCode).not.toBe(0);
});
