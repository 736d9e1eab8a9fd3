import type { GateReason } from "@floe/core/plugin";
import type { BoundRule } from "./bind-rules.ts";
import type { PolicyRule } from "./policies-schema.ts";
import { CannotJudge, type RuleInput, type Violation } from "./rules/rule.ts";

type Level = GateReason["level"];

const LEVELS = { error: "fail", warning: "warn", info: "info" } as const satisfies Record<
  PolicyRule["severity"],
  Level
>;

/** What one rule says of the artifact. */
export interface RuleResult {
  readonly bound: BoundRule;
  readonly level: Level;
  /** `false` before the rule's `effective_on`; the level is then never `fail`. */
  readonly effective: boolean;
  readonly violations: readonly Violation[];
  /** Why the rule could not be judged. */
  readonly obstacle: string | null;
}

/** Judges by one rule; a rule that cannot judge says so in its result. */
export function judgeRule(bound: BoundRule, input: RuleInput): RuleResult {
  const { rule } = bound;
  const effective = rule?.effective_on === undefined || new Date(rule.effective_on) <= input.now;
  const configured: Level = rule === null ? "fail" : LEVELS[rule.severity];
  const level = !effective && configured === "fail" ? "warn" : configured;
  try {
    return { bound, level, effective, violations: bound.judge(input), obstacle: null };
  } catch (error) {
    if (!(error instanceof CannotJudge)) throw error;
    return { bound, level, effective, violations: [], obstacle: error.message };
  }
}
