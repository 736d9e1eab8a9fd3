import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startSigstore, unsignedToken } from "@floe/testing";
import { tempFolder } from "./temp-folder.ts";

/** Who signs, as GitHub names its workflows. */
export const ISSUER = "https://token.actions.githubusercontent.com";
const WORKFLOW = "acme/app/.github/workflows/release.yml@refs/tags/v1.0.0";
export const SUBJECT = `https://github.com/${WORKFLOW}`;

/** A folder with a manifest that signs and trusts keyless, and a sigstore instance of its own. */
export interface KeylessProject extends AsyncDisposable {
  readonly folder: string;
  /** Loopback needs no proxy; everything else ends at once, so that what passes has asked nobody outside. */
  readonly env: Readonly<Record<string, string>>;
  /** The instance's requests so far. */
  readonly requests: readonly string[];
  /** The token that is in the environment; its parts must be in no output. */
  readonly token: string;
}

/** Writes the project for a repository: `acme` signs artifacts and promotes with the same workflow. */
export async function keylessProject(repository: string): Promise<KeylessProject> {
  await using resources = new AsyncDisposableStack();
  const { path: folder } = resources.use(await tempFolder());
  const sigstore = resources.use(await startSigstore());
  const keyless = { issuer: ISSUER, subject: SUBJECT };
  const gates = { policy_compliance: true };
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: { ci: { keyless } },
    groups: { admins: ["ci"] },
    artifacts: {
      registry: { uri: `oci://${repository}` },
      signing: {
        mode: "keyless",
        fulcio_url: sigstore.url,
        rekor_url: sigstore.url,
        tsa_url: sigstore.url,
      },
      verification: {
        trusted_issuers: [keyless],
        trust_root: { file: "trusted_root.json" },
      },
      promotion: {
        environments: ["dev", "prod"].map((name) => ({
          name,
          gates,
          authorization: { allowed_groups: ["admins"] },
        })),
      },
    },
  };
  await writeFile(join(folder, "manifest.yaml"), JSON.stringify(manifest));
  await writeFile(join(folder, "trusted_root.json"), sigstore.trustedRoot);
  await writeFile(join(folder, "signing_config.json"), sigstore.signingConfig());
  const token = unsignedToken({
    iss: ISSUER,
    sub: "repo:acme/app:ref:refs/tags/v1.0.0",
    aud: "sigstore",
    exp: Math.floor(Date.now() / 1000) + 3600,
    iat: Math.floor(Date.now() / 1000) - 10,
    job_workflow_ref: WORKFLOW,
  });
  const owned = resources.move();
  return {
    folder,
    env: {
      SIGSTORE_ID_TOKEN: token,
      HTTP_PROXY: "http://127.0.0.1:9",
      HTTPS_PROXY: "http://127.0.0.1:9",
      NO_PROXY: "127.0.0.1,localhost",
    },
    requests: sigstore.requests,
    token,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
