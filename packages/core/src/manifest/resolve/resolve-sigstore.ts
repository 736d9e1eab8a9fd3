import type { SigstoreServices } from "../manifest.ts";
import type { Signing } from "../schema/manifest-document.ts";
import { expandVariables } from "./expand-variables.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { isLoopback } from "./resolve-registry.ts";

/** The public-good instance, as cosign uses it. */
export const PUBLIC_SIGSTORE: SigstoreServices = {
  fulcioUrl: "https://fulcio.sigstore.dev",
  rekorUrl: "https://rekor.sigstore.dev",
  tsaUrl: null,
  oidcIssuer: "https://oauth2.sigstore.dev/auth",
  oidcClientId: "sigstore",
};

const PATH = ["artifacts", "signing"];

/** Resolves the services of `artifacts.signing` that keyless signatures need. */
export function resolveSigstore(
  context: ResolveContext,
  signing: Signing | undefined,
): SigstoreServices {
  const url = (key: "oidc_issuer" | "fulcio_url" | "rekor_url" | "tsa_url"): string | null =>
    resolveServiceUrl(context, signing?.[key], [...PATH, key]);
  const fulcioUrl = url("fulcio_url");
  const rekorUrl = url("rekor_url");
  const tsaUrl = url("tsa_url");
  // Names of a private instance do not belong into the public log, unless somebody says so.
  const isPrivate = signing?.fulcio_url !== undefined;
  if (isPrivate && signing.rekor_url === undefined && signing.tsa_url === undefined)
    context.report(
      [...PATH, "fulcio_url"],
      "needs rekor_url or tsa_url beside it: otherwise nobody says when a signature was made",
      { side: "key" },
    );
  return {
    fulcioUrl: fulcioUrl ?? PUBLIC_SIGSTORE.fulcioUrl,
    rekorUrl: rekorUrl ?? (isPrivate ? null : PUBLIC_SIGSTORE.rekorUrl),
    tsaUrl,
    oidcIssuer: url("oidc_issuer") ?? PUBLIC_SIGSTORE.oidcIssuer,
    oidcClientId: signing?.oidc_client_id ?? PUBLIC_SIGSTORE.oidcClientId,
  };
}

/** Reads the URL of a service; a token or a signature must not go over a network in the clear. */
export function resolveServiceUrl(
  context: ResolveContext,
  text: string | undefined,
  path: readonly (string | number)[],
): string | null {
  if (text === undefined) return null;
  const expanded = expandVariables(context, text, path);
  if (expanded === null) return null;
  const url = URL.canParse(expanded) ? new URL(expanded) : null;
  const problem =
    url === null || !/^https?:$/.test(url.protocol)
      ? "expected a URL, https://…"
      : url.username !== "" || url.password !== ""
        ? "must not hold a user name or password"
        : url.protocol === "http:" && !isLoopback(url.host)
          ? "plain http is only for this machine; write https://"
          : url.search !== "" || url.hash !== ""
            ? "must not have a query or fragment"
            : null;
  if (problem === null) return expanded.replace(/\/+$/, "");
  context.report(path, problem);
  return null;
}
