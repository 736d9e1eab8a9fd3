import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peer, type RunResult, run } from "@floe/testing";
import { runPeer } from "./run-peer.ts";

/** The password of every key that the suite makes. */
export const PASSWORD = "pass word \u00fc";

/** A signing configuration that names no service: cosign then signs with the key alone and asks nobody. */
const NO_SERVICES = {
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
  caUrls: [],
  oidcUrls: [],
  rekorTlogUrls: [],
  tsaUrls: [],
  rekorTlogConfig: {},
  tsaConfig: {},
};

/** Where cosign runs: a folder with its keys. */
export interface CosignOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

async function signingFlags(cwd: string): Promise<string[]> {
  await writeFile(join(cwd, "no-services.json"), JSON.stringify(NO_SERVICES));
  return ["--yes", "--key", "cosign.key", "--signing-config", "no-services.json"];
}

/** Loopback needs no proxy; everything else ends here at once, so that what passes has asked no service. */
const OFFLINE = { HTTP_PROXY: "http://127.0.0.1:9", HTTPS_PROXY: "http://127.0.0.1:9" };

function withPassword(options: CosignOptions) {
  return { ...options, env: { ...OFFLINE, COSIGN_PASSWORD: PASSWORD } };
}

/** Has cosign make `cosign.key` and `cosign.pub` in the folder. */
export async function cosignGenerateKeyPair(options: CosignOptions): Promise<{
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}> {
  await runPeer("cosign", ["generate-key-pair"], withPassword(options));
  return {
    privateKeyPem: await readFile(join(options.cwd, "cosign.key"), "utf8"),
    publicKeyPem: await readFile(join(options.cwd, "cosign.pub"), "utf8"),
  };
}

/** Has cosign sign an artifact, given by digest, with the folder's `cosign.key` and without any service. */
export async function cosignSign(reference: string, options: CosignOptions): Promise<void> {
  const flags = await signingFlags(options.cwd);
  await runPeer("cosign", ["sign", ...flags, reference], withPassword(options));
}

/** Has cosign attest a predicate of a type, with the folder's `cosign.key` and without any service. */
export async function cosignAttest(
  reference: string,
  type: string,
  predicate: unknown,
  options: CosignOptions,
): Promise<void> {
  const flags = await signingFlags(options.cwd);
  await writeFile(join(options.cwd, "predicate.json"), JSON.stringify(predicate));
  const what = ["--type", type, "--predicate", "predicate.json"];
  await runPeer("cosign", ["attest", ...flags, ...what, reference], withPassword(options));
}

/** Has cosign sign and attest the way its versions 1 and 2 did: under tags, without a bundle. */
export async function cosignLegacy(
  reference: string,
  type: string,
  options: CosignOptions,
): Promise<void> {
  const flags = ["--yes", "--key", "cosign.key", "--new-bundle-format=false"];
  const alone = ["--use-signing-config=false", "--tlog-upload=false"];
  await writeFile(join(options.cwd, "predicate.json"), "{}");
  const what = ["--type", type, "--predicate", "predicate.json"];
  await runPeer("cosign", ["sign", ...flags, ...alone, reference], withPassword(options));
  await runPeer(
    "cosign",
    ["attest", ...flags, ...alone, ...what, reference],
    withPassword(options),
  );
}

/** Verifies with the folder's `cosign.pub`; the result's exit code is cosign's answer. */
export async function cosignVerify(
  reference: string,
  options: CosignOptions & { readonly type?: string },
): Promise<RunResult> {
  const { type, ...where } = options;
  const command = type === undefined ? ["verify"] : ["verify-attestation", "--type", type];
  const flags = ["--key", "cosign.pub", "--insecure-ignore-tlog=true"];
  return await run(peer("cosign"), [...command, ...flags, reference], {
    ...where,
    env: OFFLINE,
  });
}
