import { z } from "zod";
import { type Amount, parseAmount } from "./amount.ts";

const Money = z.union([z.string(), z.number()]).transform((value, context): Amount => {
  const amount = parseAmount(value);
  if (amount !== null && !amount.isNegative()) return amount;
  context.addIssue({
    code: "custom",
    message: 'expected an amount from 0, such as 500 or "499.90"',
  });
  return z.NEVER;
});

const Percent = z.union([z.string(), z.number()]).transform((value, context): Amount => {
  const amount = parseAmount(typeof value === "string" ? value.replace(/\s*%$/, "") : value);
  if (amount !== null && !amount.isNegative()) return amount;
  context.addIssue({
    code: "custom",
    message: 'expected a percentage from 0, such as 10 or "10%"',
  });
  return z.NEVER;
});

const Budget = z.strictObject({
  /** The most that the environment may cost a month. */
  monthly: Money,
  /** The share of it, in percent, from which on the gate warns. */
  warn_at: Percent.prefault(80),
});

/** Settings of the gate `cost_analysis`. */
export const CostConfig = z
  .strictObject({
    /** Three letters (ISO 4217). A report in another currency, or in none, is an error. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, "expected three capital letters, such as EUR")
      .optional(),
    /** What an increase is measured against: the report's own earlier total, what runs in the target environment, or nothing. */
    against: z.enum(["report", "target_env", "none"]).default("report"),
    /** The most that it may cost a month. */
    max_monthly: Money.optional(),
    /** The most that it may cost more than before, a month. */
    max_increase: Money.optional(),
    /** The most that it may cost more than before, in percent. */
    max_increase_percent: Percent.optional(),
    /** What the environment has to spend. */
    budget: Budget.optional(),
    /** The most resources of which the cost is not known. Without it, any is a warning. */
    max_unpriced_resources: z.int().min(0).optional(),
  })
  .superRefine((config, context) => {
    for (const key of ["max_increase", "max_increase_percent"] as const) {
      if (config.against !== "none" || config[key] === undefined) continue;
      const message = "against: none compares with nothing: take this limit away, or set against";
      context.addIssue({ code: "custom", path: [key], message });
    }
  });

/** Settings of the gate `cost_analysis`, with defaults. */
export type CostConfig = z.output<typeof CostConfig>;
