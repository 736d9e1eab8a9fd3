import type { GateReason } from "../contract/index.ts";
import { POLICY_GATE } from "../manifest/resolve/gate-kinds.ts";
import type { GateResult } from "../model/records.ts";
import type { Exemption, UsedExemption } from "./exemption.ts";

/** What exemptions are asked about. */
export interface ExemptionScope {
  readonly environment: string;
  readonly version: string;
  readonly now: Date;
}

/**
 * Takes out of a gate's refusal what somebody answers for. A gate without a verdict stays without one, and one that is
 * left without a reason to refuse is a `warning`, never `passed`: what was exempted stays to be seen.
 */
export function applyExemptions(
  result: GateResult,
  exemptions: readonly Exemption[],
  scope: ExemptionScope,
): GateResult {
  if (result.status !== "failed") return result;
  const concerned = exemptions.filter((one) => concerns(one, result.gate, scope));
  if (concerned.length === 0) return result;
  const covered = new Map<Exemption, number>();
  const reasons = result.reasons.map((reason): GateReason & { readonly exempted_by?: string } => {
    if (reason.level !== "fail" || !isExemptible(result, reason)) return reason;
    const matching = concerned.filter(({ match }) => matches(match, reason));
    // One that still holds before one that does not.
    const by = matching.find((one) => scope.now < one.until) ?? matching[0];
    if (!by) return reason;
    covered.set(by, (covered.get(by) ?? 0) + 1);
    if (scope.now >= by.until) return reason;
    const { id, owner, expires } = by;
    const message = `${reason.message} (exempt until ${expires} by ${owner}: ${id})`;
    return { ...reason, level: "warn", message, exempted_by: id };
  });
  if (covered.size === 0) return result;
  const used = [...covered].map(([one, findings]) => usedOf(one, findings, scope.now));
  const left = reasons.filter(({ level }) => level === "fail").length;
  const exempted = reasons.filter(({ exempted_by }) => exempted_by !== undefined).length;
  const by = used.filter(({ status }) => status === "used").map(({ id }) => id);
  const said = exempted === 0 ? "" : `; ${exempted} exempted by ${by.join(", ")}`;
  return {
    ...result,
    status: left === 0 ? "warning" : "failed",
    summary:
      left === 0
        ? `${exempted === 1 ? "a finding" : `${exempted} findings`} exempted by ${by.join(", ")}: ${result.summary}`
        : `${result.summary}${said}`,
    reasons: [...reasons, ...used.filter(({ status }) => status === "expired").map(expiredReason)],
    exemptions: used,
  };
}

function concerns({ gate, match }: Exemption, name: string, scope: ExemptionScope): boolean {
  return (
    gate === name &&
    (match.environments?.includes(scope.environment) ?? true) &&
    (match.versions?.some((pattern) => matchesText(pattern, scope.version)) ?? true)
  );
}

// What floe itself asks of every artifact is nobody's to exempt, and neither is a rule that could not be judged.
function isExemptible({ kind }: GateResult, { where, code }: GateReason): boolean {
  if (kind !== POLICY_GATE) return true;
  return where?.startsWith("policies.") === true && code !== NOT_JUDGED;
}

/** The code with which policies say that a rule could not be judged. */
const NOT_JUDGED = "FLOE-E001";

function matches(match: Exemption["match"], { code, subject, where }: GateReason): boolean {
  if (match.code !== undefined && match.code !== code) return false;
  if (match.id !== undefined && !hasWord(subject ?? "", match.id)) return false;
  if (match.subject !== undefined && !matchesText(match.subject, subject ?? "")) return false;
  if (match.rule === undefined) return true;
  return where === `policies.rules.${match.rule}` || where === `policies.${match.rule}`;
}

const WORD = /[A-Za-z0-9._-]/;

/** Whether a text has a word, and not only a longer one that holds it: CVE-2024-1 is not in CVE-2024-12. */
function hasWord(text: string, word: string): boolean {
  const [whole, wanted] = [text.toLowerCase(), word.toLowerCase()];
  for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + 1)) {
    const before = whole[at - 1] ?? " ";
    const after = whole[at + wanted.length] ?? " ";
    if (!WORD.test(before) && !WORD.test(after)) return true;
  }
  return false;
}

/** Whether a whole text matches a pattern with `*`, in time that grows with the text: each part is taken where it first fits. */
function matchesText(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function usedOf(
  { id, owner, reason, expires, until }: Exemption,
  findings: number,
  now: Date,
): UsedExemption {
  return { id, owner, reason, expires, status: now < until ? "used" : "expired", findings };
}

function expiredReason({ id, owner, expires }: UsedExemption): GateReason {
  return {
    code: "EXEMPTION_EXPIRED",
    level: "warn",
    message: `the exemption ${id} has no effect: it expired on ${expires}`,
    subject: id,
    measured: expires,
    fix: `Fix what it exempted, or ask ${owner} to prolong it.`,
  };
}
