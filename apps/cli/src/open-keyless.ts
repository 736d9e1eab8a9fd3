import { FloeError, type Logger } from "@floe/core";
import type { SigstoreServices } from "@floe/core/manifest";
import type { TokenSource } from "@floe/signing";
import type { OpenedSigner } from "./open-signer.ts";

/** The services of a sigstore instance, as the command line may name others. */
export interface ServiceFlags {
  readonly "fulcio-url"?: string | undefined;
  readonly "rekor-url"?: string | undefined;
  readonly "timestamp-server-url"?: string | undefined;
  readonly "oidc-issuer"?: string | undefined;
}

/** The public log: what goes there stays there, for everybody to see. */
const PUBLIC_LOG = "https://rekor.sigstore.dev";

/** Makes the signer of an OIDC token, and says when its subject becomes public. */
export async function openKeyless(
  tokens: TokenSource,
  services: SigstoreServices,
  { logger, signal }: { readonly logger: Pick<Logger, "warn">; readonly signal: AbortSignal },
): Promise<OpenedSigner> {
  const { createKeylessSigner } = await import("@floe/signing");
  const now = () => new Date();
  const signer = await createKeylessSigner({ tokens, services, now, signal });
  if (services.rekorUrl === PUBLIC_LOG && signer.signer.method === "keyless")
    logger.warn(
      `what is signed, and that it was ${signer.signer.subject}, goes into the public log ${PUBLIC_LOG} and stays there`,
    );
  return { signer, publicKey: null };
}

/**
 * The services that the command line names, over those of the manifest or the public ones.
 * @throws {FloeError} FLOE_USAGE_INVALID - no URL that a token may go to, or a certificate authority of one's own beside the
 * public log
 */
export function servicesOf(flags: ServiceFlags, services: SigstoreServices): SigstoreServices {
  const fulcio = serviceUrl(flags, "fulcio-url");
  const rekor = serviceUrl(flags, "rekor-url");
  const tsa = serviceUrl(flags, "timestamp-server-url");
  const issuer = serviceUrl(flags, "oidc-issuer");
  const isOther = fulcio !== null && fulcio !== services.fulcioUrl;
  // Names of a private instance do not belong into the public log, unless somebody says so.
  if (isOther && rekor === null && tsa === null)
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: "--fulcio-url is given without a service that says when a signature was made",
      hint: "Give --rekor-url or --timestamp-server-url beside it.",
    });
  return {
    ...services,
    fulcioUrl: fulcio ?? services.fulcioUrl,
    rekorUrl: rekor ?? (isOther ? null : services.rekorUrl),
    tsaUrl: tsa ?? (isOther ? null : services.tsaUrl),
    oidcIssuer: issuer ?? services.oidcIssuer,
  };
}

/** Says whether the command line names any service. */
export function namesServices(flags: ServiceFlags): boolean {
  const { "fulcio-url": fulcio, "rekor-url": rekor, "oidc-issuer": issuer } = flags;
  return [fulcio, rekor, issuer, flags["timestamp-server-url"]].some((url) => url !== undefined);
}

// A token or a signature must not go over a network in the clear.
function serviceUrl(flags: ServiceFlags, name: keyof ServiceFlags): string | null {
  const text = flags[name];
  if (text === undefined) return null;
  const url = URL.parse(text);
  const isLocal = url !== null && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
  if (url !== null && isSafe && url.username === "" && url.search === "" && url.hash === "")
    return text.replace(/\/+$/, "");
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `--${name} is not a URL that a token or signature may go to`,
    hint: "Give https://HOST, without a user name; plain http is for this machine only.",
  });
}
