import type { GateReport, GateRun, GateSubject, GateVerdict } from "@floe/core/plugin";
import { type FakeSubjectInit, fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import { SecurityConfig } from "../src/config.ts";
import { evaluateSecurity } from "../src/evaluate-security.ts";

/** What {@link judge} can be given besides the reports. */
export interface Circumstances {
  readonly config?: Record<string, unknown>;
  readonly run?: Partial<GateRun>;
  readonly digest?: string;
  readonly reference?: string;
  readonly baseline?: GateSubject["baseline"];
  readonly folder?: string;
  readonly now?: Date;
}

/** Judges reports, given as values, text or files, of a command that ended with exit status 0. */
export async function judge(
  reports: readonly unknown[],
  { config = {}, run = {}, digest, reference, baseline, folder = "/", now }: Circumstances = {},
): Promise<GateVerdict> {
  const files = reports.map((report, index) =>
    isReport(report)
      ? report
      : fakeReport(
          `scan-${index + 1}.json`,
          typeof report === "string" || report instanceof Uint8Array
            ? report
            : JSON.stringify(report),
        ),
  );
  const artifact = {
    ...(digest === undefined ? {} : { digest }),
    ...(reference === undefined ? {} : { reference }),
  };
  const init: FakeSubjectInit = { run: fakeRun(run), reports: files, artifact };
  const subject = { ...fakeSubject(init), ...(baseline === undefined ? {} : { baseline }) };
  return evaluateSecurity(subject, SecurityConfig.parse(config), {
    folder,
    now: now ?? new Date("2026-03-04T05:06:07Z"),
    signal: new AbortController().signal,
  });
}

function isReport(value: unknown): value is GateReport {
  return typeof value === "object" && value !== null && "modifiedAt" in value;
}

/** What a vulnerability in a report of Trivy is made of, when nothing else is said. */
export function trivyVulnerability(init: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    VulnerabilityID: "CVE-2024-0001",
    PkgName: "openssl",
    PkgIdentifier: { PURL: "pkg:deb/debian/openssl@3.0.11?arch=amd64" },
    InstalledVersion: "3.0.11",
    FixedVersion: "3.0.15",
    Status: "fixed",
    Severity: "HIGH",
    ...init,
  };
}

/** A report of Trivy with these vulnerabilities, about the artifact that {@link judge} promotes. */
export function trivy(
  vulnerabilities: readonly Record<string, unknown>[],
  result: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    SchemaVersion: 2,
    ArtifactName: "registry.example/acme/app",
    Metadata: { RepoDigests: [`registry.example/acme/app@${DIGEST}`] },
    Results: [
      {
        Target: "app (debian 12)",
        Class: "os-pkgs",
        Packages: [{ Name: "openssl" }, { Name: "bash" }],
        Vulnerabilities: vulnerabilities,
        ...result,
      },
    ],
  };
}

/** The digest that is promoted. */
export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
