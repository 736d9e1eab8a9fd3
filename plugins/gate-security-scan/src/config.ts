import { z } from "zod";
import { SCAN_FORMATS } from "./scan-report.ts";
import { parseSeverity, SEVERITIES, type Severity } from "./severity.ts";

/** A severity as people write it, in any case. */
const SeverityName = z
  .string()
  .refine((word) => (SEVERITIES as readonly string[]).includes(word.toLowerCase()), {
    error: `must be one of ${SEVERITIES.join(", ")}`,
  })
  .transform(
    (word): Severity => (word.toLowerCase() === "unknown" ? "unknown" : parseSeverity(word)),
  );

/** One word is a floor: that severity and all above it. */
const Blocked = z.union([
  SeverityName.refine((severity) => severity !== "unknown", {
    error: "unknown is no floor: write a list",
  }).transform((floor): readonly Severity[] => SEVERITIES.slice(0, SEVERITIES.indexOf(floor) + 1)),
  z.array(SeverityName),
]);

const Limit = z.int().min(0).optional();

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration as the manifest writes it (`90m`, `72h`, `5d`), in seconds. */
const Duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, { error: "must be a duration such as 72h or 5d" })
  .transform((text) => Number(text.slice(0, -1)) * (SECONDS[text.slice(-1)] ?? 0));

const BlockOn = z.strictObject({
  /** What is known to be exploited. `true` also demands that something says so; unset, it blocks where it is said. */
  kev: z.boolean().optional(),
  /** EPSS probability, above which a vulnerability blocks whatever its severity. */
  epss_above: z.number().min(0).max(1).optional(),
  malware: z.boolean().default(true),
  secrets: z.boolean().default(true),
  /** Licence names; `*` stands for anything. */
  licenses: z.array(z.string().min(1)).default([]),
});

/** Settings of the gate `security_scan`. */
export const SecurityConfig = z.strictObject({
  /** A list of severities, or one word as the floor. */
  block_on_severity: Blocked.default(["critical", "high"]),
  /** The most findings of a severity that are let through; takes the place of blocking on each. */
  max: z
    .strictObject({
      critical: Limit,
      high: Limit,
      medium: Limit,
      low: Limit,
      negligible: Limit,
      unknown: Limit,
    })
    .default({}),
  /** Leaves vulnerabilities out of account for which there is no fix. */
  ignore_unfixed: z.boolean().default(false),
  /** The severity by which findings of unknown severity are judged. */
  unknown_as: SeverityName.default("medium"),
  block_on: BlockOn.default({ malware: true, secrets: true, licenses: [] }),
  /** File: the catalogue of known exploited vulnerabilities as CISA publishes it (JSON). */
  kev_file: z.string().min(1).optional(),
  /** File: EPSS scores as FIRST publishes them (CSV, may be gzipped). */
  epss_file: z.string().min(1).optional(),
  /** The greatest age of the scanner's vulnerability database. */
  db_max_age: Duration.optional(),
  /** Files or globs: OpenVEX, CSAF and CycloneDX VEX documents. */
  vex: z.array(z.string().min(1)).default([]),
  /** Counts only what the artifact that runs in the target environment did not have. */
  new_only: z.boolean().default(false),
  /** The format of reports whose entry in the manifest names none. */
  scanner_format: z.enum(["auto", ...SCAN_FORMATS]).default("auto"),
  /** The fewest packages (or targets, where a format does not list packages) that must have been looked at. */
  min_packages: z.int().min(0).default(1),
});

/** Settings of the gate `security_scan`, with defaults. */
export type SecurityConfig = z.output<typeof SecurityConfig>;
