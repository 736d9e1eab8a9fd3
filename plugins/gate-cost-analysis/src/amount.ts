import { Decimal } from "decimal.js";
import { z } from "zod";

// Exact for sums of everything that the pattern lets through; a share is rounded only when it is shown.
const Exact = Decimal.clone({ precision: 120, toExpNeg: -200, toExpPos: 200 });

/** A decimal number; sums and differences are exact. */
export type Amount = Decimal;

/** Bounded, so that no report makes us write a number of a billion digits. */
const PATTERN = /^[+-]?\d{1,30}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?$/;

/** Zero. */
export const ZERO: Amount = new Exact(0);

/** Reads an amount as reports and manifests write it, text or number; `null` for everything else. */
export function parseAmount(value: unknown): Amount | null {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && PATTERN.test(text) ? new Exact(text) : null;
}

/** An amount in a report: absent and `null` are unknown, which is not zero. */
export const optionalAmount = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value, context): Amount | null => {
    if (value === null || value === undefined) return null;
    const amount = parseAmount(value);
    if (amount === null) context.addIssue({ code: "custom", message: "it is not an amount" });
    return amount;
  });

/** The higher of two amounts. */
export function higher(a: Amount, b: Amount): Amount {
  return a.greaterThan(b) ? a : b;
}

/** Whether amounts are the same but for what tools round off their totals. */
export function isAbout(a: Amount, b: Amount): boolean {
  return a.minus(b).abs().lessThanOrEqualTo("0.01");
}

/** Adds amounts. */
export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, amount) => total.plus(amount), ZERO);
}

/** Writes an amount for people: two decimals, more where it would read as zero. */
export function showAmount(amount: Amount): string {
  const short = amount.toFixed(2);
  return amount.isZero() || !/^-?0\.00$/.test(short)
    ? short
    : amount.toSignificantDigits(2).toFixed();
}
