import type { Severity } from "./severity.ts";

/** What was found. Only vulnerabilities may be ignored for want of a fix. */
export type FindingKind =
  | "vulnerability"
  | "malware"
  | "secret"
  | "license"
  | "misconfiguration"
  | "code";

/** The package that a finding is about. */
export interface AffectedPackage {
  readonly name: string;
  readonly version?: string | undefined;
  /** As the tool gives it, not parsed. */
  readonly purl?: string | undefined;
}

/** How bad something is by one method: a number or a vector, as text. */
export interface Score {
  /** `cvss_v3_score`, `cvss_v3_vector`; before a `/`, who gives it: `nvd/cvss_v3_score`. */
  readonly method: string;
  readonly score: string;
}

/** One finding, whatever tool it comes from. Never holds a secret, nor the text in which one was found. */
export interface Finding {
  /** The CVE where there is exactly one, else the tool's own id. */
  readonly id: string;
  /** All names of this one vulnerability; VEX statements and lists are matched against each. */
  readonly ids: readonly string[];
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** Whose word or score the severity is, where the report says it. */
  readonly ratedBy?: string | undefined;
  /** Scores and vectors, as the report has them. */
  readonly scores?: readonly Score[] | undefined;
  readonly package?: AffectedPackage | undefined;
  /** File, target or line. */
  readonly where?: string | undefined;
  /** Tells findings without a package apart, beside id and place. */
  readonly discriminator?: string | undefined;
  /** `unknown`: the tool does not say; that is not the same as no fix. */
  readonly fix: "fixed" | "unfixed" | "unknown";
  readonly fixedIn?: string | undefined;
  /** Listed as exploited in the wild. */
  readonly knownExploited: boolean;
  /** Chance of exploitation within 30 days, 0 to 1 (EPSS). */
  readonly epss?: number | undefined;
}
