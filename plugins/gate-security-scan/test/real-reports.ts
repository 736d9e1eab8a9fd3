import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What must be read from a report; numbers that are absent are 0. */
export interface Expected {
  readonly status: "passed" | "warning" | "failed";
  /** What the report lists, as its tool counts it: `v` vulnerabilities, `w` malware, `s` secrets, `l` licences, … */
  readonly listed: Readonly<Record<string, number>>;
  /** Counted by id and not by package: this format lists packages under each vulnerability. */
  readonly byId?: true;
  /** How many remain when the same one in the same package version is counted once. */
  readonly merged?: number;
  readonly fixed?: number;
  readonly suppressed?: number;
  readonly says?: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A report from which no verdict may come. */
export interface Unreadable {
  readonly throws: RegExp;
}

const SHARED = fileURLToPath(new URL("../../../../shared/data/reports", import.meta.url));
const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));

/** The large collection lies beside the checkout; without it, the reports that may be copied are used. */
export const isSharedPresent = existsSync(SHARED);
export const reportFolder = isSharedPresent ? SHARED : FIXTURES;
export const reportSource = isSharedPresent
  ? "the shared collection"
  : "own fixtures only (../shared/data/reports is missing)";

const all: Readonly<Record<string, Expected | Unreadable>> = {
  "cyclonedx-vex/analysis-1.4.json": { status: "passed", listed: {}, suppressed: 1 },
  "cyclonedx-vex/many-ratings.json": {
    status: "failed",
    byId: true,
    listed: { "vulnerability high": 4, "vulnerability medium": 4, "vulnerability low": 2 },
  },
  "cyclonedx-vex/trivy-sbom.json": {
    status: "failed",
    listed: { "vulnerability critical": 2, "vulnerability high": 1 },
  },
  // A statement about somebody else's components, and no scan.
  "cyclonedx-vex/two-not-affected.json": { throws: /nothing was scanned .* 0 components/ },
  "cyclonedx-vex/uuid-ids.json": {
    status: "failed",
    listed: { "vulnerability high": 3, "vulnerability medium": 4 },
    says: ["HIGH CVE-2021-33203 in Django 2.0"],
  },
  "gitleaks/clean.json": { status: "passed", listed: {}, config: { scanner_format: "gitleaks" } },
  "gitleaks/v7-one-header.json": { status: "failed", listed: { "secret unknown": 1 } },
  "gitleaks/v7-redacted.json": { status: "failed", listed: { "secret unknown": 6 } },
  "gitleaks/v8-four.json": {
    status: "failed",
    listed: { "secret unknown": 4 },
    says: ["aws-access-token at /conf/aws.tf:2"],
  },
  "grype/all-fields.json": {
    status: "failed",
    listed: {
      "vulnerability critical": 2,
      "vulnerability high": 3,
      "vulnerability negligible": 1,
    },
    merged: 5,
    fixed: 2,
  },
  "grype/directory-db-2021.json": {
    status: "failed",
    listed: { "vulnerability critical": 2, "vulnerability high": 2, "vulnerability medium": 5 },
  },
  "grype/epss-kev-db6.json": {
    status: "failed",
    listed: {
      "vulnerability critical": 1,
      "vulnerability high": 10,
      "vulnerability medium": 2,
      "vulnerability low": 2,
    },
    fixed: 1,
  },
  "grype/fix-available.json": {
    status: "failed",
    listed: { "vulnerability high": 1 },
    fixed: 1,
  },
  "grype/image-kev.json": {
    status: "failed",
    listed: { "vulnerability critical": 1, "vulnerability low": 1 },
    fixed: 1,
    says: ["is known to be exploited", "does not say how old the vulnerability database was"],
  },
  "grype/no-match.json": {
    status: "warning",
    listed: {},
    says: ["does not say how old the vulnerability database was"],
  },
  "grype/severity-missing.json": {
    status: "failed",
    listed: {
      "vulnerability critical": 1,
      "vulnerability high": 18,
      "vulnerability medium": 13,
      "vulnerability low": 2,
      "vulnerability unknown": 1,
    },
    merged: 35,
    fixed: 23,
  },
  "npm-audit/endpoint-405.json": { throws: /npm audit could not check \(405 .*not a finding/ },
  "npm-audit/no-lockfile.json": { throws: /could not check \(ENOLOCK.*--package-lock-only/ },
  "npm-audit/two-advisories.json": {
    status: "failed",
    listed: { "vulnerability critical": 1, "vulnerability high": 1 },
    fixed: 2,
    says: ["CRITICAL GHSA-xvch-5gv4-984h in minimist, fixed in minimist@1.2.8"],
  },
  "npm-audit/v1-big.json": {
    status: "failed",
    listed: {
      "vulnerability critical": 2,
      "vulnerability high": 15,
      "vulnerability medium": 22,
      "vulnerability low": 2,
    },
  },
  "npm-audit/v1-clean.json": { status: "passed", listed: {} },
  "npm-audit/v1-many-paths.json": {
    status: "failed",
    listed: { "vulnerability high": 1, "vulnerability medium": 5 },
  },
  "npm-audit/v1-many.json": {
    status: "failed",
    listed: { "vulnerability high": 3, "vulnerability medium": 1, "vulnerability low": 1 },
  },
  "npm-audit/v2-echoes.json": {
    status: "warning",
    listed: { "vulnerability medium": 2, "vulnerability low": 1 },
    fixed: 3,
  },
  "npm-audit/v2-metadata-disagrees.json": {
    status: "warning",
    listed: { "vulnerability medium": 1 },
    says: ["the totals of npm audit announce HIGH"],
  },
  "npm-audit/v2-one-package-two-advisories.json": {
    status: "failed",
    listed: { "vulnerability high": 1, "vulnerability medium": 1 },
  },
  "nothing-ran/npm-audit-no-dependencies.json": { throws: /nothing was scanned .* 0 dependencies/ },
  "osv/aliases-max-severity.json": { status: "failed", listed: { "vulnerability high": 1 } },
  "osv/called-and-licences.json": {
    status: "failed",
    listed: { "vulnerability high": 1, "vulnerability unknown": 2, "license unknown": 3 },
  },
  "osv/command-injection-in-path.json": {
    status: "warning",
    listed: { "vulnerability unknown": 1 },
  },
  "osv/malware.json": {
    status: "failed",
    listed: { "malware critical": 1 },
    says: ["is malware"],
  },
  "osv/many-findings.json": {
    status: "failed",
    listed: {
      "vulnerability critical": 5,
      "vulnerability high": 18,
      "vulnerability medium": 14,
    },
    fixed: 36,
  },
  "osv/not-top-level.json": { throws: /not a report of a scanner that is known/ },
  "osv/three-sources.json": {
    status: "failed",
    listed: {
      "vulnerability high": 2,
      "vulnerability medium": 3,
      "vulnerability low": 2,
      "vulnerability unknown": 4,
    },
    fixed: 9,
  },
  "sarif/all-new.sarif": { status: "passed", listed: { "code low": 27 } },
  "sarif/appendix-k.sarif": { status: "passed", listed: {}, suppressed: 1 },
  "sarif/dockle.sarif": { status: "failed", listed: { "code high": 1, "code low": 3 } },
  "sarif/empty-suppressions.sarif": {
    status: "warning",
    listed: { "code medium": 2 },
    suppressed: 3,
  },
  "sarif/flawfinder-kind-pass.sarif": {
    status: "failed",
    listed: { "code high": 2, "code medium": 1, "code low": 50 },
  },
  "sarif/gitleaks-7.sarif": { status: "failed", listed: { "secret medium": 8 } },
  "sarif/grype-security-severity.sarif": {
    status: "failed",
    listed: {
      "vulnerability critical": 1,
      "vulnerability high": 11,
      "vulnerability medium": 4,
      "vulnerability low": 6,
    },
  },
  "sarif/njsscan.sarif": { status: "failed", listed: { "code high": 1, "code medium": 1 } },
  "sarif/no-runs.sarif": { throws: /nothing was scanned .* 0 runs/ },
  "sarif/semgrep-1768.sarif": { status: "warning", listed: { "code medium": 1768 } },
  "sarif/spotbugs-not-successful.sarif": { throws: /SpotBugs says that it did not finish/ },
  "sarif/three-engines.sarif": {
    status: "failed",
    listed: { "vulnerability critical": 1, "code medium": 2 },
  },
  "sarif/trivy-alpine-310.sarif": {
    status: "warning",
    listed: { "vulnerability medium": 4 },
    merged: 4,
  },
  "sarif/two-tools.sarif": { status: "failed", listed: { "code high": 2 } },
  "sarif/word-severity.sarif": {
    status: "failed",
    listed: { "code critical": 2, "code high": 2, "code medium": 1 },
  },
  "trivy/all-statuses.json": {
    status: "passed",
    listed: { "vulnerability low": 7 },
    suppressed: 1,
  },
  "trivy/alpine-310.json": {
    status: "warning",
    listed: { "vulnerability medium": 4 },
    merged: 4,
    fixed: 4,
    says: ["alpine 3.10.2 is past its end of life"],
  },
  "trivy/alpine-39-high-critical.json": {
    status: "failed",
    listed: { "vulnerability critical": 2 },
    fixed: 2,
    says: ["looks filtered by --severity"],
  },
  "trivy/alpine-39-skip.json": { throws: /nothing was scanned .* 0 targets/ },
  "trivy/centos-7.json": {
    status: "warning",
    listed: { "vulnerability medium": 1, "vulnerability low": 2 },
    fixed: 2,
  },
  "trivy/debian-stretch.json": {
    status: "warning",
    listed: { "vulnerability medium": 4, "vulnerability low": 1 },
    merged: 5,
    fixed: 4,
  },
  "trivy/dockerfile.json": { status: "failed", listed: { "misconfiguration high": 1 } },
  "trivy/gomod.json": {
    status: "warning",
    listed: { "vulnerability unknown": 4, "vulnerability medium": 1 },
    merged: 3,
    fixed: 5,
  },
  "trivy/helm-badname.json": { throws: /nothing was scanned .* 0 targets/ },
  "trivy/helm.json": {
    status: "failed",
    listed: {
      "misconfiguration high": 3,
      "misconfiguration medium": 4,
      "misconfiguration low": 11,
    },
    merged: 18,
  },
  "trivy/legacy-array.json": {
    status: "failed",
    listed: {
      "vulnerability high": 18,
      "vulnerability medium": 9,
      "vulnerability low": 65,
      "vulnerability unknown": 1,
    },
    merged: 93,
  },
  "trivy/legacy-null.json": { throws: /not a report of a scanner that is known/ },
  "trivy/licences.json": {
    status: "failed",
    listed: { "license high": 7, "license medium": 1, "license low": 11 },
  },
  "trivy/mixed-classes.json": {
    status: "failed",
    listed: {
      "vulnerability critical": 1,
      "vulnerability high": 1,
      "vulnerability medium": 3,
    },
    fixed: 5,
    says: ["names no artifact"],
  },
  "trivy/npm-with-suppressed.json": {
    status: "failed",
    listed: { "vulnerability high": 1 },
    fixed: 1,
    suppressed: 1,
  },
  "trivy/secrets.json": {
    status: "failed",
    listed: { "secret critical": 1, "secret high": 1 },
    says: ["a secret lies in the artifact: aws-access-key-id at deploy.sh:3"],
  },
};

/** Every report that is known, by its path. */
export const knownReports: ReadonlySet<string> = new Set(Object.keys(all));

/** The reports that are here. */
export const reports = Object.entries(all).filter(
  ([path]) => isSharedPresent || existsSync(`${FIXTURES}/${path}`),
);

/** Those from which a verdict comes. */
export const readable = reports.filter(
  (entry): entry is [string, Expected] => "status" in entry[1],
);

/** Those from which none may come. */
export const unreadable = reports.filter(
  (entry): entry is [string, Unreadable] => "throws" in entry[1],
);
