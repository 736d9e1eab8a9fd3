import { FloeError } from "@floe/core/errors";
import type { GateReason, GateVerdict } from "@floe/core/plugin";
import type { BoundRule } from "./bind-rules.ts";
import type { Evaluation } from "./evaluate-policies.ts";
import type { RuleResult } from "./judge-rule.ts";

/** Code of a rule that could not be judged, where something else decides. */
const NOT_JUDGED = "FLOE-E001";
/** Code of the last reason, when there are too many to list. */
const MORE = "FLOE-E002";
/** With the limits of {@link bounded} this keeps a verdict below the 256 KiB that core accepts. */
const MAX_REASONS = 100;

/** Cuts a text so that its JSON has at most `length` characters: one control character is six of them there. */
function clip(text: string, length: number): string {
  const whole = text.toWellFormed();
  if (JSON.stringify(whole.slice(0, length + 1)).length - 2 <= length) return whole;
  let kept = "";
  let used = 1;
  for (const character of whole) {
    used += JSON.stringify(character).length - 2;
    if (used > length) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Annotations and names come from whoever pushed the artifact and may be of any length. */
function bounded(reason: GateReason): GateReason {
  const { message, subject, measured, limit, where, fix } = reason;
  return {
    code: reason.code,
    level: reason.level,
    message: clip(message, 500),
    ...(subject !== undefined && { subject: clip(subject, 200) }),
    ...(measured !== undefined && {
      measured: typeof measured === "string" ? clip(measured, 200) : measured,
    }),
    ...(limit !== undefined && { limit: typeof limit === "string" ? clip(limit, 300) : limit }),
    ...(where !== undefined && { where: clip(where, 200) }),
    ...(fix !== undefined && { fix: clip(fix, 500) }),
  };
}

const ORDER: readonly GateReason["level"][] = ["fail", "warn", "info"];

/** The gravest reasons first, at most {@link MAX_REASONS}. */
function listed(reasons: readonly GateReason[]): GateReason[] {
  const sorted = reasons.toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  const kept = sorted.slice(0, MAX_REASONS - 1);
  const [next, ...rest] = sorted.slice(MAX_REASONS - 1);
  if (next === undefined || rest.length === 0) return sorted.map(bounded);
  const message = `${rest.length + 1} more findings are not listed`;
  return [...kept.map(bounded), { code: MORE, level: next.level, message }];
}

function reasonsOf({ bound, level, effective, violations, obstacle }: RuleResult): GateReason[] {
  const { rule, where } = bound;
  const later = effective ? "" : ` (blocks from ${rule?.effective_on})`;
  if (obstacle !== null) {
    const fix = rule?.suggestion ?? "Publish the artifact with what the rule needs.";
    const message = `${bound.builtin} cannot be judged: ${obstacle}${later}`;
    return [{ code: NOT_JUDGED, level, message, where, fix }];
  }
  return violations.map((violation) => ({
    ...violation,
    code: bound.code,
    level,
    message: `${rule?.message ?? violation.message}${later}`,
    where,
    fix: rule?.suggestion ?? violation.fix,
  }));
}

function outcomeOf(result: RuleResult): "passed" | "failed" | "warning" | "info" | "not_judged" {
  if (result.obstacle !== null) return "not_judged";
  if (result.violations.length === 0) return "passed";
  return ({ fail: "failed", warn: "warning", info: "info" } as const)[result.level];
}

const SEVERITIES = { fail: "error", warn: "warning", info: "info" } as const;

const SAID = { fail: "refused by", warn: "warnings from", info: "notes from" } as const;

function summaryOf(
  gravest: GateReason["level"] | null,
  results: readonly RuleResult[],
  reasons: readonly GateReason[],
): string {
  const total = results.length;
  if (gravest === null) return `all ${total} rules hold`;
  const ids = results
    .filter((result) => result.level === gravest && outcomeOf(result) !== "passed")
    .map(({ bound }) => bound.id);
  const shown = ids.length <= 5 ? ids : [...ids.slice(0, 5), `${ids.length - 5} more`];
  const said = `${SAID[gravest]} ${ids.length} of ${total} rules: ${shown.join(", ")}`;
  // Of one rule there is room to say what it found.
  const [only, ...more] = reasons.filter(({ level }) => level === gravest);
  return only !== undefined && more.length === 0 ? `${said} (${only.message})` : said;
}

/**
 * Makes one verdict of what the rules say.
 * @throws {FloeError} FLOE_GATE_ERROR - a blocking rule could not be judged and no other refuses the artifact
 */
export function verdictOf({ results, elsewhere }: Evaluation): GateVerdict {
  const blocking = results.filter(({ level }) => level === "fail");
  const refused = blocking.some(({ violations }) => violations.length > 0);
  const obstacles = blocking.filter(({ obstacle }) => obstacle !== null);
  // A violation is certain whatever the other rules would say; without one, an unknown is not a pass.
  if (!refused && obstacles.length > 0) {
    throw new FloeError({
      code: "FLOE_GATE_ERROR",
      message: obstacles
        .map(({ bound, obstacle }) => `rule ${bound.id} cannot be judged: ${obstacle}`)
        .join("; "),
      hint: "Publish the artifact with what the rules need, or change the rules; see docs/reference/policies.md.",
      details: { rules: obstacles.map(({ bound }) => bound.id) },
    });
  }
  const reasons = results.flatMap(reasonsOf);
  const gravest = ORDER.find((level) => reasons.some((reason) => reason.level === level)) ?? null;
  const status = gravest === "fail" ? "failed" : gravest === "warn" ? "warning" : "passed";
  const count = (level: GateReason["level"]): number =>
    reasons.filter((reason) => reason.level === level).length;
  return {
    status,
    summary: summaryOf(gravest, results, reasons),
    reasons: listed(reasons),
    metrics: { rules: results.length, violations: count("fail"), warnings: count("warn") },
    details: {
      rules: [
        ...results.map((result) => ({
          ...identify(result.bound),
          severity: SEVERITIES[result.level],
          status: outcomeOf(result),
        })),
        ...elsewhere.map(({ bound, why }) => ({ ...identify(bound), status: why })),
      ],
    },
  };
}

function identify({ id, builtin, code }: BoundRule): { id: string; builtin: string; code: string } {
  return { id, builtin, code };
}
