import { z } from "zod";

/** Settings of the gate `tests`. */
export const TestsConfig = z.strictObject({
  /** The fewest tests that must have run (skipped ones do not count). */
  min_tests: z.int().min(1).default(1),
  /** The most failed and errored tests that are let through, with a warning. */
  max_failures: z.int().min(0).default(0),
  /** The largest share of skipped tests, in percent. Without it, more than 20 % warns and never fails. */
  max_skipped_percent: z.number().min(0).max(100).optional(),
  /** Globs over suite names, class names and files; each must match at least one test that ran. */
  required_suites: z.array(z.string().min(1)).default([]),
});

/** Settings of the gate `tests`, with defaults. */
export type TestsConfig = z.infer<typeof TestsConfig>;
