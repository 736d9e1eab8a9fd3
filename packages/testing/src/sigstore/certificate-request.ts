/**
 * Turns a request for a certificate into the form that the mock authority takes, with the subject that Fulcio would write
 * for the token: the mock decodes tokens and checks none.
 */
export function certificateRequest(
  body: string,
  authorization: string | undefined,
): { readonly body: string } {
  const request = JSON.parse(body) as {
    credentials?: { oidcIdentityToken?: string };
  };
  // cosign sends the token in the header.
  const token =
    request.credentials?.oidcIdentityToken ?? (authorization ?? "").replace(/^Bearer /i, "");
  const claims = JSON.parse(
    Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"),
  ) as Readonly<Record<string, string>>;
  const sub = subjectOf(claims);
  return {
    body: JSON.stringify({
      ...request,
      credentials: { oidcIdentityToken: unsignedToken({ ...claims, sub }) },
    }),
  };
}

function subjectOf(claims: Readonly<Record<string, string>>): string | undefined {
  if (claims["job_workflow_ref"] !== undefined)
    return `https://github.com/${claims["job_workflow_ref"]}`;
  if (claims["ci_config_ref_uri"] !== undefined) return `https://${claims["ci_config_ref_uri"]}`;
  return claims["email"] ?? claims["sub"];
}

/** A token that nobody signed, as the mock authority takes it; cosign looks at its header. */
export function unsignedToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${part("unsigned")}`;
}
