import { startSigstore, type TestSigstore, unsignedToken } from "@floe/testing";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "./a-project.ts";

/** The issuer of every token. */
export const ISSUER = "https://accounts.acme.example";

/** A project whose people and CI sign with OIDC tokens, and the sigstore instance that they sign with. */
export interface KeylessProject extends AsyncDisposable {
  readonly project: Project;
  readonly sigstore: TestSigstore;
}

/** Makes a token of somebody that is valid for so long. */
export function tokenOf(subject: string, validForSeconds = 600): string {
  const exp = Math.floor(Date.now() / 1000) + validForSeconds;
  return unsignedToken({ iss: ISSUER, aud: "sigstore", sub: subject, exp });
}

/** The environment of a job that holds a token of somebody. */
export function as(subject: string): { readonly SIGSTORE_ID_TOKEN: string } {
  return { SIGSTORE_ID_TOKEN: tokenOf(subject) };
}

/** What of the manifest a test wants to be different. */
export interface KeylessOptions {
  readonly identities?: Readonly<Record<string, unknown>>;
  readonly signing?: Readonly<Record<string, unknown>>;
}

/** Anybody may promote to dev; in prod only `ci` and `alice`. `build` signs artifacts. */
export async function aKeylessProject(options: KeylessOptions = {}): Promise<KeylessProject> {
  await using resources = new AsyncDisposableStack();
  const sigstore = resources.use(await startSigstore());
  const gates = { policy_compliance: true };
  const project = resources.use(
    await aProject({
      versions: [],
      signing: {
        mode: "keyless",
        fulcio_url: sigstore.url,
        rekor_url: sigstore.url,
        tsa_url: sigstore.url,
        ...options.signing,
      },
      verification: {
        enforcement: "enforce",
        trusted_issuers: [{ issuer: ISSUER, subject: "build@acme.example" }],
        trust_root: { file: "trusted_root.json" },
      },
      environments: [
        { name: "dev", gates },
        { name: "prod", gates, authorization: { allowed_operators: ["ci", "alice"] } },
      ],
    }),
  );
  project.write("trusted_root.json", sigstore.trustedRoot);
  const manifest: { identities: Record<string, unknown> } = parse(project.read("manifest.yaml"));
  manifest.identities = {
    ci: { keyless: { issuer: ISSUER, subject: "ci@acme.example" } },
    alice: { keyless: { issuer: ISSUER, subject_pattern: "alice+*@acme.example" } },
    ...options.identities,
  };
  project.write("manifest.yaml", stringify(manifest));
  const owned = resources.move();
  return { project, sigstore, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
