import type { AnnouncedTotals } from "./junit-report.ts";

type Attributes = Readonly<Record<string, string>>;

/**
 * Compares what a suite's attributes announce with the cases that it holds. Suites repeat the totals of those inside
 * them, so attributes are never added up across levels.
 */
export class SuiteTotals {
  readonly #announced: AnnouncedTotals | null;
  #listed = 0;
  #failing = 0;
  #missing = 0;
  #unexplained = 0;
  #inner: AnnouncedTotals | null = null;

  constructor(attributes: Attributes) {
    const tests = toCount(attributes["tests"]);
    const failures = toCount(attributes["failures"]);
    const errors = toCount(attributes["errors"]);
    const skipped = toCount(attributes["skipped"]) ?? toCount(attributes["disabled"]);
    this.#announced =
      tests === undefined && failures === undefined && errors === undefined
        ? null
        : {
            tests: tests ?? 0,
            failures: failures ?? 0,
            errors: errors ?? 0,
            skipped: skipped ?? 0,
          };
  }

  /** Adds a case; `failing` if it has any mark of a failure, also one that does not count (a failing `todo`). */
  addCase(failing: boolean): void {
    this.#listed += 1;
    if (failing) this.#failing += 1;
  }

  /** Adds a suite that lies in this one and is complete. */
  addSuite(suite: SuiteTotals): void {
    this.#listed += suite.#listed;
    this.#failing += suite.#failing;
    this.#missing += suite.missing;
    this.#unexplained += suite.unexplainedFailures;
    const announced = suite.announced;
    if (announced !== null) this.#inner = add(this.#inner, announced);
  }

  /** This suite's own attributes, or the sum of those inside it. */
  get announced(): AnnouncedTotals | null {
    return this.#announced ?? this.#inner;
  }

  get missing(): number {
    return Math.max(this.#missing, (this.#announced?.tests ?? 0) - this.#listed);
  }

  get unexplainedFailures(): number {
    const { failures, errors } = this.#announced ?? { failures: 0, errors: 0 };
    return Math.max(this.#unexplained, failures + errors - this.#failing);
  }
}

function add(a: AnnouncedTotals | null, b: AnnouncedTotals): AnnouncedTotals {
  if (a === null) return b;
  return {
    tests: a.tests + b.tests,
    failures: a.failures + b.failures,
    errors: a.errors + b.errors,
    skipped: a.skipped + b.skipped,
  };
}

/** `undefined` for what is no count. Some writers put commas between thousands. */
function toCount(value: string | undefined): number | undefined {
  const text = value?.trim().replaceAll(",", "");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
