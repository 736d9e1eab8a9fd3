/** A form that secrets have. */
export interface SecretPattern {
  readonly id: string;
  /** With its article, for sentences. */
  readonly what: string;
  /** Every repetition has an upper bound, so that the time grows with the text alone. */
  readonly pattern: RegExp;
}

/** What secrets look like by the documents of who issues them. */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  {
    id: "private_key",
    what: "a private key",
    pattern: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/,
  },
  { id: "aws_access_key", what: "an AWS access key", pattern: /\bA(?:KI|SI)A[A-Z2-7]{16}\b/ },
  {
    id: "github_token",
    what: "a GitHub token",
    pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/,
  },
  { id: "gitlab_token", what: "a GitLab token", pattern: /\bglpat-[A-Za-z0-9_-]{20,64}/ },
  {
    id: "slack_token",
    what: "a Slack token",
    pattern:
      /\bxox[abeoprs]-[A-Za-z0-9-]{10,250}|hooks\.slack\.com\/services\/T[A-Z0-9]{5,15}\/B[A-Z0-9]{5,15}\/[A-Za-z0-9]{16,40}/,
  },
  { id: "google_api_key", what: "a Google API key", pattern: /\bAIza[A-Za-z0-9_-]{35}/ },
  { id: "stripe_key", what: "a Stripe key", pattern: /\b[rs]k_live_[A-Za-z0-9]{20,250}/ },
  { id: "npm_token", what: "an npm token", pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  {
    id: "json_web_token",
    what: "a JSON web token",
    // From the beginning of a run of its characters alone: otherwise each part of a long one would be a beginning.
    pattern:
      /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,600}/,
  },
  {
    id: "url_password",
    what: "a password in a URL",
    // Not a placeholder that something else fills in.
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>]{0,100}:(?![$<{%*])[^\s/@"'<>]{3,200}@/i,
  },
];

const SECRET_KEY =
  /(?:^|[._-])(?:password|passwd|secret|secret[_-]?key|api[_-]?key|access[_-]?token|auth[_-]?token|private[_-]?key|client[_-]?secret)$/i;
/** A reference to a secret, or a blank for one. */
const PLACEHOLDER =
  /^(?:\$|\{\{|<|%|env:|file:|vault:|ref:|arn:|https?:\/\/|change[_-]?me|example|\*+$|x+$)/i;

/** Says whether a value that stands under a name is a secret by that name: `db_password` with a value that is no placeholder. */
export function isSecretByName(name: string, value: string): boolean {
  if (value.length < 8 || value.length > 4096 || /\s/.test(value)) return false;
  const camel = name.slice(-64).replace(/([a-z])([A-Z])/g, "$1_$2");
  return SECRET_KEY.test(camel) && !PLACEHOLDER.test(value);
}
