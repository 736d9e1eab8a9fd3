import type { SigstoreServices, TrustRootConfig } from "@floe/core/manifest";
import { digestOf } from "@floe/core/model";
import type { Signer, TrustedSigner } from "@floe/core/ports";
import { type TestSigstore, unsignedToken } from "@floe/testing";
import {
  createKeylessSigner,
  type KeylessEngine,
  loadKeylessEngine,
  type TokenSource,
  writeStatement,
} from "../../src/index.ts";
import { pinned } from "./pinned.ts";

/** Who signs where a test does not say otherwise. */
export const ISSUER = "https://token.actions.githubusercontent.com";
const WORKFLOW = "acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";
export const SUBJECT = `https://github.com/${WORKFLOW}`;

/** A statement about some digest. */
export const STATEMENT = writeStatement({
  subject: digestOf("artifact"),
  predicateType: "https://sigstore.dev/cosign/sign/v1",
});

/** The claims of a token as GitHub gives it, good for five minutes. */
export function claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    sub: "repo:acme/app:ref:refs/tags/v1.2.3",
    aud: "sigstore",
    exp: Math.floor(Date.now() / 1000) + 300,
    job_workflow_ref: WORKFLOW,
    ...changes,
  };
}

/** A source of the given tokens, one after the other; the last one stays. */
export function tokensOf(...tokens: readonly string[]): TokenSource & { readonly calls: number } {
  let calls = 0;
  return {
    name: "test",
    get calls() {
      return calls;
    },
    fetch: async () => tokens[Math.min(calls++, tokens.length - 1)] ?? "",
  };
}

/** The services of an instance. */
export function servicesOf(
  { url }: Pick<TestSigstore, "url">,
  changes: Partial<SigstoreServices> = {},
): SigstoreServices {
  const oidc = { oidcIssuer: url, oidcClientId: "sigstore" };
  return { fulcioUrl: url, rekorUrl: url, tsaUrl: url, ...oidc, ...changes };
}

/** A signer of an instance, with a token of the given claims. */
export async function signerOf(
  sigstore: Pick<TestSigstore, "url">,
  {
    token = claims(),
    services = {},
  }: {
    readonly token?: Readonly<Record<string, unknown>>;
    readonly services?: Partial<SigstoreServices>;
  } = {},
): Promise<Signer> {
  return await createKeylessSigner({
    tokens: tokensOf(unsignedToken(token)),
    services: servicesOf(sigstore, services),
    now: () => new Date(),
    signal: AbortSignal.timeout(10_000),
  });
}

/** What judges by an instance's trusted root, or by a changed one. */
export async function engineOf(
  trustedRoot: string,
  options: { readonly withRegex?: boolean } = {},
): Promise<KeylessEngine> {
  const trustRoot: TrustRootConfig = { from: "file", file: pinned(Buffer.from(trustedRoot)) };
  const signal = AbortSignal.timeout(10_000);
  return await loadKeylessEngine({ trustRoot, cacheDir: "/nonexistent", signal, ...options });
}

/** A keyless signer that is trusted. */
export function trust(
  changes: Partial<Extract<TrustedSigner, { method: "keyless" }>> = {},
): TrustedSigner {
  const base = { method: "keyless", name: "ci", issuer: ISSUER } as const;
  const isNamed = "subjectPattern" in changes || "subjectRegex" in changes;
  return { ...base, ...(isNamed ? {} : { subject: SUBJECT }), ...changes };
}
