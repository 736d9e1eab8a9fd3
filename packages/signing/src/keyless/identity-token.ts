import { FloeError } from "@floe/core/errors";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** What an OIDC token says of who holds it. Nobody has checked it: only the certificate authority does. */
export interface IdentityToken {
  /** The token itself: a secret until it expires. */
  readonly raw: string;
  /** The issuer as the certificate will have it. */
  readonly issuer: string;
  /** The subject as the certificate will have it. */
  readonly subject: string;
  readonly expiresAt: Date;
}

/** Far above any token; those of GitHub have 2 KB. */
const MAX_TOKEN_LENGTH = 64 * 1024;

/**
 * Reads an OIDC token without checking its signature, to know whom a certificate for it would name.
 * @throws {FloeError} FLOE_IDENTITY_TOKEN_INVALID - no token, without a subject, not for sigstore, or an address that nobody
 * has verified; never with any part of the token in it
 */
export function parseIdentityToken(raw: string, source: string): IdentityToken {
  const token = raw.trim();
  const claims = token.length <= MAX_TOKEN_LENGTH ? claimsOf(token) : null;
  if (claims === null) throw invalidToken(`${source} gave no OIDC token (a JWT)`);
  const text = (name: string): string | null => {
    const value = own(claims, name);
    return typeof value === "string" && value !== "" ? value : null;
  };
  const issuer = text("iss");
  const expires = own(claims, "exp");
  if (issuer === null || typeof expires !== "number" || !Number.isFinite(expires))
    throw invalidToken(`the token of ${source} names no issuer or does not say when it expires`);
  const audience = own(claims, "aud");
  const audiences = Array.isArray(audience) ? audience : [audience];
  if (!audiences.includes("sigstore"))
    throw invalidToken(
      `the token of ${source} is for ${show(audience)}, and sigstore takes those for "sigstore" (the audience)`,
    );
  const subject = subjectOf(issuer, text, own(claims, "email_verified"), source);
  return {
    raw: token,
    issuer: federatedIssuer(claims) ?? issuer,
    subject,
    expiresAt: new Date(expires * 1000),
  };
}

/**
 * The name that Fulcio writes for the issuers that it knows (its `docs/oidc.md`): the workflow of a CI system, else the
 * address, else `sub`.
 */
function subjectOf(
  issuer: string,
  text: (name: string) => string | null,
  isEmailVerified: unknown,
  source: string,
): string {
  const github = text("job_workflow_ref");
  if (github !== null && isIssuer(issuer, "https://token.actions.githubusercontent.com"))
    return `https://github.com/${github}`;
  const gitlab = text("ci_config_ref_uri");
  if (gitlab !== null) return `https://${gitlab}`;
  const email = text("email");
  if (email !== null) {
    if (isEmailVerified !== true && isEmailVerified !== "true")
      throw invalidToken(
        `the token of ${source} is for ${show(email)}, and its issuer has not verified that address`,
      );
    return email;
  }
  const subject = text("sub");
  if (subject !== null) return subject;
  throw invalidToken(`the token of ${source} has no subject`);
}

/** GitHub gives enterprises issuers of their own, below the common one. */
function isIssuer(issuer: string, known: string): boolean {
  return issuer === known || issuer.startsWith(`${known}/`);
}

/** Who really logged somebody in, where a Dex stands before others (the public-good login does). */
function federatedIssuer(claims: unknown): string | null {
  const connector = own(own(claims, "federated_claims"), "connector_id");
  return typeof connector === "string" && /^https:\/\//.test(connector) ? connector : null;
}

function claimsOf(token: string): unknown {
  const parts = token.split(".");
  if (parts.length !== 3 || parts.some((part) => !/^[A-Za-z0-9_-]+$/.test(part))) return null;
  try {
    const bytes = Buffer.from(parts[1] ?? "", "base64url");
    const claims: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isRecord(claims) ? claims : null;
  } catch {
    return null;
  }
}

/** The error for a token that cannot be had or used. The message never holds any part of a token. */
export function invalidToken(
  problem: string,
  cause?: unknown,
): FloeError<"FLOE_IDENTITY_TOKEN_INVALID"> {
  return new FloeError({
    code: "FLOE_IDENTITY_TOKEN_INVALID",
    message: problem,
    hint: "Keyless signing needs an OIDC token with the audience sigstore: SIGSTORE_ID_TOKEN, GitHub Actions with `permissions: { id-token: write }`, GitLab with `id_tokens`, or a terminal to log in from.",
    ...(cause === undefined ? {} : { cause }),
  });
}
