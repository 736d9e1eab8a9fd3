import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "@floe/core/model";
import type { Signer, TrustedSigner } from "@floe/core/ports";
import {
  createKeylessSigner,
  createKeySigner,
  createVerifier,
  loadKeylessEngine,
  publicKeyPem,
  writeStatement,
} from "@floe/signing";
import {
  startDockerRegistry,
  startSigstore,
  type TestSigstore,
  unsignedToken,
} from "@floe/testing";
import { floe, peerScript, runCommand, startCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

const ISSUER = "https://token.actions.githubusercontent.com";
const WORKFLOW = "acme/app/.github/workflows/release.yml@refs/tags/v1.0.0";
const SUBJECT = `https://github.com/${WORKFLOW}`;

function newToken(): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return unsignedToken({ iss: ISSUER, sub: "s", aud: "sigstore", exp, job_workflow_ref: WORKFLOW });
}

function servicesOf(sigstore: TestSigstore) {
  const { url } = sigstore;
  return { fulcioUrl: url, rekorUrl: url, tsaUrl: url, oidcIssuer: url, oidcClientId: "sigstore" };
}

/** What judging one bundle takes, without any network, once everything is loaded. */
export async function measureVerdicts(count: number, signal: AbortSignal): Promise<Measured[]> {
  await using sigstore = await startSigstore();
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyless = await createKeylessSigner({
    tokens: { name: "bench", fetch: async () => newToken() },
    services: servicesOf(sigstore),
    now: () => new Date(),
    signal,
  });
  const bytes = Buffer.from(sigstore.trustedRoot);
  const file = { path: "trusted_root.json", sha256: digestOf(bytes), bytes };
  const engine = await loadKeylessEngine({
    trustRoot: { from: "file", file },
    cacheDir: "",
    signal,
  });
  const verifier = createVerifier({ keyless: engine });
  const statement = writeStatement({
    subject: digestOf("bench"),
    predicateType: "https://sigstore.dev/cosign/sign/v1",
  });
  const time = async (name: string, signer: Signer, trusted: TrustedSigner): Promise<Measured> => {
    const bundle = await signer.sign(statement, { signal });
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const started = performance.now();
      const verdict = verifier.verifyBundle(bundle, [trusted]);
      times.push(performance.now() - started);
      if (!verdict.ok) throw new Error(`${name}: ${verdict.code}: ${verdict.reason}`);
    }
    return { name, side: "floe", times: times.sort((a, b) => a - b), requests: null };
  };
  const publicKey = publicKeyPem(keys.publicKey);
  return [
    await time("by key", createKeySigner({ privateKey: keys.privateKey }), {
      ...{ method: "key", name: "key", publicKey },
    }),
    await time("keyless: log and timestamp", keyless, {
      ...{ method: "keyless", name: "ci", issuer: ISSUER, subject: SUBJECT },
    }),
  ];
}

/** Verifying the signature of an artifact on docker-registry, as processes: with a key, and keyless with a pinned root. */
export async function raceVerify(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { rounds, signal } = options;
  await using registry = await startDockerRegistry({ signal });
  await using sigstore = await startSigstore();
  const env = {
    COSIGN_PASSWORD: "",
    HTTP_PROXY: "http://127.0.0.1:9",
    HTTPS_PROXY: "http://127.0.0.1:9",
    NO_PROXY: "127.0.0.1",
  };
  const byKey = `${registry.host}/bench/key:v1.0.0`;
  const keyless = `${registry.host}/bench/keyless:v1.0.0`;
  writeFileSync(join(cwd, "trusted_root.json"), sigstore.trustedRoot);
  writeFileSync(join(cwd, "services.json"), sigstore.signingConfig());
  writeFileSync(join(cwd, "none.json"), JSON.stringify(NO_SERVICES));
  writeFileSync(join(cwd, "layer.txt"), "bench");
  writeFileSync(join(cwd, "manifest.yaml"), JSON.stringify(manifestOf(registry.host)));
  const trust = "--trusted-root trusted_root.json";
  // The services are in this process, which must not be blocked meanwhile.
  await startCommand(
    peerScript(
      [
        "tar -cf layer.tar layer.txt",
        "cosign generate-key-pair >made.txt 2>&1",
        ...[byKey, keyless].map(
          (at) => `crane append --oci-empty-base -f layer.tar -t ${at} >pushed.txt 2>&1`,
        ),
        `cosign sign --yes --key cosign.key --signing-config none.json "${byKey}@$(crane digest ${byKey})" >signed.txt 2>&1`,
        `cosign sign --yes --identity-token ${newToken()} --signing-config services.json ${trust} "${keyless}@$(crane digest ${keyless})" >signed.txt 2>&1`,
      ],
      { cwd, env },
    ),
  );
  const run = (line: string) => runCommand(peerScript([line], { cwd, env }));
  const identity = `--certificate-identity '${SUBJECT}' --certificate-oidc-issuer ${ISSUER}`;
  return await race(
    [
      {
        name: "cosign verify, key",
        side: "peer",
        run: () =>
          run(
            `cosign verify --key cosign.pub --insecure-ignore-tlog=true ${byKey} >verified.txt 2>&1`,
          ),
      },
      {
        name: "cosign verify, keyless",
        side: "peer",
        run: () => run(`cosign verify ${trust} ${identity} ${keyless} >verified.txt 2>&1`),
      },
      {
        name: "floe artifact verify, key",
        side: "floe",
        run: () => runCommand(floe(cwd, "artifact", "verify", byKey, "--key", "cosign.pub")),
      },
      {
        name: "floe artifact verify, keyless",
        side: "floe",
        run: () => runCommand(floe(cwd, "artifact", "verify", keyless)),
      },
    ],
    { rounds, requests: () => registry.requests().length },
  );
}

/** cosign then signs with the key alone and asks no service. */
const NO_SERVICES = {
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
  ...{ caUrls: [], oidcUrls: [], rekorTlogUrls: [], tsaUrls: [] },
  ...{ rekorTlogConfig: {}, tsaConfig: {} },
};

function manifestOf(host: string) {
  return {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "bench" },
    artifacts: {
      registry: { uri: `oci://${host}/bench/keyless` },
      verification: {
        trusted_issuers: [{ issuer: ISSUER, subject: SUBJECT }],
        trust_root: { file: "trusted_root.json" },
      },
    },
  };
}
