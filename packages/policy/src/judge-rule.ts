import { isFloeError } from "@floe/core/errors";
import type { GateReason } from "@floe/core/plugin";
import type { BoundRule } from "./bind-rules.ts";
import type { CelAnswer } from "./cel/cel-task.ts";
import type { PolicyRule } from "./policies-schema.ts";
import { CannotJudge } from "./rules/cannot-judge.ts";
import type { RuleInput, Violation } from "./rules/rule.ts";

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
  /** A variable of its expression that has no value here. */
  readonly missing?: string;
}

/** What a rule found, or why it could not look. */
export type Finding = Pick<RuleResult, "violations" | "obstacle" | "missing">;

/** A finding with how much it counts at this time. */
export function weigh(bound: BoundRule, finding: Finding, now: Date): RuleResult {
  const { rule } = bound;
  const effective = rule?.effective_on === undefined || new Date(rule.effective_on) <= now;
  const configured: Level = rule === null ? "fail" : LEVELS[rule.severity];
  const level = !effective && configured === "fail" ? "warn" : configured;
  return { bound, level, effective, ...finding };
}

/** Judges by one rule; a rule that cannot judge says so in its result. */
export async function judgeRule(bound: BoundRule, input: RuleInput): Promise<RuleResult> {
  const { judge } = bound;
  if (judge === null) throw new Error(`${bound.id} is judged by its expression`);
  return weigh(bound, await findingOf(() => judge(input), input.signal), input.now);
}

/** Runs what looks for violations; an artifact or a registry that does not let it is an obstacle. */
export async function findingOf(
  look: () => readonly Violation[] | Promise<readonly Violation[]>,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    return { violations: await look(), obstacle: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CannotJudge) && !isFloeError(error)) throw error;
    return { violations: [], obstacle: error.message };
  }
}

/** What the answer to a rule's expression means. */
export function findingFrom(answer: CelAnswer, { rule, id }: BoundRule): Finding {
  const fix = "Publish the artifact as the rule wants it, or change the rule.";
  const broken = (obstacle: string): Finding => ({ violations: [], obstacle });
  switch (answer.kind) {
    case "holds":
      return { violations: [], obstacle: null };
    case "violated": {
      const messages = answer.findings ?? [`the expression of ${id} is false: ${rule?.expr ?? ""}`];
      const limit = rule?.expr ?? "";
      return { violations: messages.map((message) => ({ message, limit, fix })), obstacle: null };
    }
    case "invalid":
      return broken(`its expression cannot be read: ${answer.reason}`);
    case "missing":
      return {
        ...broken(`there is no ${answer.variable}: ${answer.reason}`),
        missing: answer.variable,
      };
    case "error":
      return broken(`its expression could not be evaluated: ${answer.reason}`);
    default: {
      const unknown: never = answer;
      throw new Error(`unknown answer ${JSON.stringify(unknown)}`);
    }
  }
}
