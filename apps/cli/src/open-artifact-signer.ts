import { FloeError, type Logger, type Manifest } from "@floe/core";
import { Flags } from "@oclif/core";
import { givenTokenSource, loginSource } from "./find-token.ts";
import { namesServices, openKeyless, type ServiceFlags, servicesOf } from "./open-keyless.ts";
import { givenKey, type OpenedSigner, openKey } from "./open-signer.ts";

/** The flags of every command that signs something about an artifact. */
export const signerFlags = {
  key: Flags.string({
    description:
      "Private key that signs artifacts: a file, file:PATH, env:NAME, or NAME://ID of a KMS plugin; default FLOE_SIGNING_KEY, then the manifest's artifacts.signing",
    exclusive: ["keyless", "identity-token"],
  }),
  keyless: Flags.boolean({
    description: "Sign with an OIDC token instead of a key; default with signing.mode: keyless",
  }),
  "identity-token": Flags.string({
    description:
      "The OIDC token: a file, env:NAME, or the token itself; default SIGSTORE_ID_TOKEN, then what CI gives, then a login on a terminal",
  }),
  "fulcio-url": Flags.string({ description: "Certificate authority; default the manifest's" }),
  "rekor-url": Flags.string({ description: "Transparency log; default the manifest's" }),
  "timestamp-server-url": Flags.string({
    description: "Timestamp authority (RFC 3161); default the manifest's",
  }),
  "oidc-issuer": Flags.string({
    description: "Where to log in on a terminal; default the manifest's",
  }),
};

/** What {@link signerFlags} came to. */
export interface SignerChoice extends ServiceFlags {
  readonly key?: string | undefined;
  readonly keyless?: boolean;
  readonly "identity-token"?: string | undefined;
}

/** What {@link openArtifactSigner} works with. */
export interface SignerWorld {
  readonly manifest: Manifest | null;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Pick<Logger, "warn">;
  readonly signal: AbortSignal;
}

/**
 * Opens what signs artifacts: the flags, FLOE_SIGNING_KEY, then the manifest's `artifacts.signing`. The key that signs
 * promotions is never taken: one says "this is ours", the other "it may run there".
 * @throws {FloeError} FLOE_SIGNER_MISSING - nothing is configured, or keyless is and there is no token
 */
export async function openArtifactSigner(
  flags: SignerChoice,
  world: SignerWorld,
): Promise<OpenedSigner> {
  const { manifest, env } = world;
  const isAsked = flags.keyless === true || flags["identity-token"] !== undefined;
  const given = isAsked ? null : givenKey(flags.key, env);
  const isKeyless = isAsked || (given === null && manifest?.signing.mode === "keyless");
  if (isKeyless) return await openByToken(flags, world);
  if (namesServices(flags))
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: "services of keyless signing are named, and a key signs",
      hint: "Add --keyless, or leave out --fulcio-url, --rekor-url, --timestamp-server-url and --oidc-issuer.",
    });
  const ref = given?.ref ?? manifest?.signing.privateKeyRef ?? null;
  if (ref) return await openKey(ref, world);
  throw new FloeError({
    code: "FLOE_SIGNER_MISSING",
    message: "no signing key is given",
    hint: "Give --key REF or --keyless, or set artifacts.signing.private_key_ref in the manifest; floe artifact keygen makes a key pair.",
  });
}

async function openByToken(flags: SignerChoice, world: SignerWorld): Promise<OpenedSigner> {
  const [{ ambientTokenSource }, { PUBLIC_SIGSTORE }] = await Promise.all([
    import("@floe/signing"),
    import("@floe/core/manifest"),
  ]);
  const { manifest, env } = world;
  const services = servicesOf(flags, manifest?.signing.sigstore ?? PUBLIC_SIGSTORE);
  const token = flags["identity-token"];
  const tokens =
    token === undefined
      ? (ambientTokenSource(env) ?? (await loginSource(services, env)))
      : givenTokenSource(token, env);
  if (tokens !== null) return await openKeyless(tokens, services, world);
  throw new FloeError({
    code: "FLOE_SIGNER_MISSING",
    message:
      "there is no OIDC token: --identity-token and SIGSTORE_ID_TOKEN are not given, this is no GitHub Actions job with id-token: write, and there is no terminal to log in from",
    hint: "Set SIGSTORE_ID_TOKEN (GitLab: id_tokens with aud: sigstore), give the job permissions: { id-token: write } on GitHub, or sign with --key REF.",
  });
}

/** Who signed, in one word: the key's id, or the subject of a certificate. */
export function signerName({ signer }: OpenedSigner): string {
  return signer.signer.method === "keyless" ? signer.signer.subject : signer.signer.keyId;
}
