import type { GateBaseline } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { SecurityConfig } from "./config.ts";
import type { Finding } from "./finding.ts";
import { alignIds } from "./merge-findings.ts";
import { packageName } from "./package-key.ts";
import { readScan } from "./read-scan.ts";

/** Characters of all names that a verdict keeps for the next one to compare with: it needs room for the rest. */
const MAX_KEPT_CHARACTERS = 60_000;

/** What the artifact that runs now already had. */
export interface KnownBefore {
  readonly names: ReadonlySet<string>;
  /** `false`: only a part of it was kept, so that some old findings will look new. */
  readonly complete: boolean;
}

/** Names a finding across versions of its package: an upgrade that does not cure it is nothing new. */
export function lastingName(finding: Finding): string {
  const { id, kind, where = "" } = finding;
  if (finding.package) return cleanText(`${id} ${packageName(finding.package)}`);
  return cleanText(`${id} ${kind} ${where.replace(/:\d+$/, "")}`);
}

/** The names that a verdict keeps of what it found. */
export function keepNames(findings: readonly Finding[]): {
  readonly found: readonly string[];
  readonly found_complete: boolean;
} {
  const names = [...new Set(findings.map(lastingName))].sort();
  let left = MAX_KEPT_CHARACTERS;
  const found = names.filter((name) => {
    left -= name.length;
    return left >= 0;
  });
  return { found, found_complete: found.length === names.length };
}

/** Reads what was found for the artifact that runs now: from its raw reports, else from the names in its verdict. */
export function knownBefore(baseline: GateBaseline, config: SecurityConfig): KnownBefore {
  if (baseline.reports.length > 0) {
    const findings = alignIds(
      baseline.reports.flatMap((report) => readScan(report, config.scanner_format).findings),
    );
    return { names: new Set(findings.map(lastingName)), complete: true };
  }
  const { found, found_complete: complete } = baseline.details;
  const names = Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
  return { names: new Set(names), complete: complete === true };
}
