import type { GateReason } from "@floe/core/plugin";
import type { Finding } from "./finding.ts";

/** The formats that are read. */
export const SCAN_FORMATS = [
  "trivy",
  "grype",
  "osv",
  "npm-audit",
  "sarif",
  "cyclonedx",
  "gitleaks",
  "vulns",
] as const;

/** A format that is read. */
export type ScanFormat = (typeof SCAN_FORMATS)[number];

/** A licence of a package, as the scanner found it; a fact, not a finding. */
export interface LicenseFact {
  readonly license: string;
  readonly package: string;
}

/** Who looked for vulnerabilities, and with what, as far as the report says it. */
export interface Scanner {
  /** Where the scanner comes from. */
  readonly uri: string;
  readonly version?: string | undefined;
  readonly databaseUri?: string | undefined;
  readonly databaseVersion?: string | undefined;
}

/** What one report of a scanner says, in terms that all formats share. */
export interface ScanReport {
  readonly format: ScanFormat;
  /** Name and version of the scanner, as far as the report tells. */
  readonly tool: string;
  /** `null`: it did not look for vulnerabilities, or nobody can say that it did, or it has no name. */
  readonly scanner: Scanner | null;
  readonly findings: readonly Finding[];
  /** What the scanner looked at. A count of 0 means that nothing was scanned. */
  readonly examined: { readonly count: number; readonly unit: string };
  /** Findings that the report itself sets aside: suppressed, ignored by a rule, not affected. */
  readonly suppressed: number;
  /** Manifest digests that the report says it is about; empty when it names none. */
  readonly digests: readonly string[];
  /** When the vulnerability database was built. `null`: a report of this format should say it and does not. */
  readonly databaseBuilt?: Date | null | undefined;
  readonly licenses: readonly LicenseFact[];
  /** Whether the scanner marks what is known to be exploited. */
  readonly marksExploited: boolean;
  /** Whether the scanner gives EPSS scores. */
  readonly givesEpss: boolean;
  /** What is odd about the report, short of an error. */
  readonly notes: readonly GateReason[];
}
