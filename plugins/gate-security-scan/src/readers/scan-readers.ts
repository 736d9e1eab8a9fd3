import type { ScanFormat, ScanReport } from "../scan-report.ts";
import { isCycloneDx, readCycloneDx } from "./read-cyclonedx.ts";
import { isGitleaks, readGitleaks } from "./read-gitleaks.ts";
import { isGrype, readGrype } from "./read-grype.ts";
import { isNpmAudit, readNpmAudit } from "./read-npm-audit.ts";
import { isOsv, readOsv } from "./read-osv.ts";
import { isSarif, readSarif } from "./read-sarif.ts";
import { isTrivy, readTrivy } from "./read-trivy.ts";
import { isVulns, readVulns } from "./read-vulns.ts";

/** How a format is known, and how it is read. */
interface ScanReader {
  readonly format: ScanFormat;
  /** Whether a parsed report looks like this format: by its structure, never by its file name. */
  readonly matches: (value: unknown) => boolean;
  readonly read: (value: unknown) => ScanReport;
}

/** All formats, the more telling ones first. */
export const scanReaders: readonly ScanReader[] = [
  { format: "vulns", matches: isVulns, read: readVulns },
  { format: "trivy", matches: isTrivy, read: readTrivy },
  { format: "grype", matches: isGrype, read: readGrype },
  { format: "cyclonedx", matches: isCycloneDx, read: readCycloneDx },
  { format: "sarif", matches: isSarif, read: readSarif },
  { format: "npm-audit", matches: isNpmAudit, read: readNpmAudit },
  { format: "gitleaks", matches: isGitleaks, read: readGitleaks },
  { format: "osv", matches: isOsv, read: readOsv },
];
