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

/** One finding, whatever tool it comes from. Never holds a secret, nor the text in which one was found. */
export interface Finding {
  /** The CVE where there is exactly one, else the tool's own id. */
  readonly id: string;
  /** All names of this one vulnerability; VEX statements and lists are matched against each. */
  readonly ids: readonly string[];
  readonly kind: FindingKind;
  readonly severity: Severity;
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
