import type { Check, EnvironmentVerification, VerifiedStep } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { type Measured, reasonJson } from "./operation-json.ts";
import { paint, plain } from "./paint.ts";

/** The JSON output of `platform verify`; documented in `docs/reference/json.md`. */
export function verificationJson(
  found: EnvironmentVerification,
  measured: Measured,
): Record<string, unknown> {
  const [first] = found.blocking;
  return {
    success: found.trusted,
    ...(first ? { error: { ...reasonJson(first), details: null } } : {}),
    environment: found.environment,
    version: found.version,
    digest: found.digest,
    current: found.current,
    trusted: found.trusted,
    path: found.path.map(stepJson),
    checks: found.checks.map(({ check, environment, status, summary, fix, code }) => ({
      ...{ check, environment, status, summary, fix, code },
    })),
    blocking: found.blocking.map(reasonJson),
    duration_ms: Math.round(measured.durationMs),
    registry_requests: measured.stats.requests,
  };
}

function stepJson(step: VerifiedStep): Record<string, unknown> {
  return {
    environment: step.environment,
    action: step.action,
    forced: step.forced,
    version: step.version,
    source_environment: step.source,
    operation: step.operation,
    record: step.record,
    operator: step.operator,
    authorized_via: step.authorizedVia,
    committed_at: step.committedAt,
    policy_digest: step.policyDigest,
    current_policy: step.currentPolicy,
  };
}

const MARKS = {
  ok: { sign: "✓", style: "green" },
  warning: { sign: "!", style: "yellow" },
  failed: { sign: "✗", style: "red" },
  not_checked: { sign: "?", style: "red" },
} as const;

/** The verdict for people, on one screen: what is good in a line per environment, what is not in lines of its own. */
export function verificationText(found: EnvironmentVerification): string {
  const { environment, version, digest, current, trusted } = found;
  const what = version === null ? "" : `${version} (${shortDigest(digest ?? "")})`;
  const about =
    version === null
      ? environment
      : current
        ? `${environment} runs ${what}`
        : `${what} was in ${environment}`;
  const verdict = trusted ? paint("green", "trusted") : paint("red", "not trusted");
  const environments = [...new Set(found.checks.map((check) => check.environment))];
  return `${[
    `${paint("bold", plain(about))}: ${verdict}`,
    ...environments.flatMap((name) => linesOf(name, found)),
  ].join("\n")}\n`;
}

function linesOf(environment: string, { checks, path }: EnvironmentVerification): string[] {
  const own = checks.filter((check) => check.environment === environment);
  const good = [...new Set(own.filter(({ status }) => status === "ok").map(({ check }) => check))];
  const step = path.find((one) => one.environment === environment);
  const how = step
    ? ` ${step.action === "rollback" ? "returned to" : "promoted"} by ${plain(step.operator)}${step.committedAt ? ` at ${step.committedAt}` : ""}`
    : "";
  const line = `  ${paint(MARKS.ok.style, MARKS.ok.sign)} ${environment}${how}: ${good.join(", ")}`;
  return [
    ...(good.length > 0 ? [line] : []),
    ...own.filter(({ status }) => status !== "ok").flatMap(notOk),
  ];
}

function notOk({ check, environment, status, summary, fix }: Check): string[] {
  const { sign, style } = MARKS[status];
  const head = `  ${paint(style, sign)} ${environment} ${check} (${status.replace("_", " ")}): ${plain(summary).replace(/\s*\n\s*/g, " ")}`;
  return fix === null ? [head] : [head, `      ${paint("dim", "→")} ${plain(fix)}`];
}
