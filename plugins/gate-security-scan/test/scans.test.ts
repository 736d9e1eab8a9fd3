import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GateReport, GateScan } from "@floe/core/plugin";
import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { readScan } from "../src/read-scan.ts";
import { DIGEST, judge, trivy, trivyVulnerability } from "./judge.ts";
import { readable, reportFolder, reportSource } from "./real-reports.ts";

const VULNS = "https://in-toto.io/attestation/vulns/v0.2";

/** What floe signs of a scan. */
function predicateOf({ scanner, result }: GateScan): Record<string, unknown> {
  const { uri, version, db = {} } = scanner;
  const listed = result.map(({ annotations, ...one }) => ({
    ...one,
    ...(annotations ? { annotations: [annotations] } : {}),
  }));
  const times = { scanStartedOn: "2026-03-04T05:00:00Z", scanFinishedOn: "2026-03-04T05:01:00Z" };
  return { scanner: { uri, version, db, result: listed }, metadata: times };
}

/** As floe hands over an attestation that it has verified. */
function attested(predicate: unknown): GateReport {
  return {
    ...fakeReport("sha256:ab", JSON.stringify(predicate)),
    attestation: { predicateType: VULNS, signedBy: "ci" },
  };
}

/** An attestation of somebody else's. */
function foreign(result: readonly Record<string, unknown>[]): Record<string, unknown> {
  return predicateOf({
    scanner: { uri: "https://scanner.example", db: { lastUpdate: "2026-03-04T00:00:00Z" } },
    result: result as unknown as GateScan["result"],
  });
}

describe(`what a real scanner has found, from ${reportSource}, is described for others`, () => {
  test.each(readable)("%s, and read from that it counts the same", async (path, expected) => {
    const format = expected.config?.["scanner_format"] === "gitleaks" ? "gitleaks" : "auto";
    const file = fakeReport(path, readFileSync(join(reportFolder, path)));
    const report = readScan(file, format);
    const digest = report.digests[0] ?? DIGEST;
    const { scans } = await judge([file], { config: expected.config ?? {}, digest });
    const vulnerable = report.findings.filter(
      ({ kind }) => kind === "vulnerability" || kind === "malware",
    );
    if (!scans) {
      // Nothing of vulnerabilities is kept back: it looked for something else, or does not say who it is.
      if (!path.startsWith("cyclonedx") && !path.startsWith("sarif"))
        expect(vulnerable).toEqual([]);
      return;
    }
    expect(scans).toHaveLength(1);
    const [scan] = scans as [GateScan];
    expect(() => new URL(scan.scanner.uri)).not.toThrow();
    const again = readScan(attested(predicateOf(scan)), "auto");
    const rows = (findings: typeof vulnerable) =>
      findings.map(({ id, kind, severity, fix, knownExploited }) =>
        // What nobody has put into a word may have a score after all.
        [id, kind, severity === "unknown" ? "" : severity, fix, knownExploited].join(" "),
      );
    const unrated = vulnerable.map(({ severity }) => severity === "unknown");
    const comparable = again.findings.map((finding, index) =>
      unrated[index] ? { ...finding, severity: "unknown" as const } : finding,
    );
    expect(rows(comparable)).toEqual(rows(vulnerable));
    for (const { severity } of scan.result)
      for (const { method, score } of severity) expect(`${method} ${score}`).toMatch(/^\S.* \S.*$/);
  });

  test("with the scanner, its database and the scores, each only where the report has it", async () => {
    const scan = async (report: unknown) => (await judge([report])).scans?.[0];
    const cvss = {
      ...{ source: "nvd@nist.gov", version: "2.0", vector: "AV:N/AC:L/Au:N/C:N/I:P/A:N" },
      metrics: { baseScore: 5, exploitabilityScore: 10 },
    };
    const vulnerability = {
      ...{ id: "CVE-1999-1338", namespace: "debian:distro:debian:12", severity: "Medium" },
      ...{ cvss: [cvss], epss: [{ epss: 0.03 }], knownExploited: [] },
      fix: { state: "not-fixed" },
    };
    const status = { built: "2025-06-13T04:05:06Z", from: "https://grype.example/v6/db.tar.zst" };
    const grype = await scan({
      matches: [{ vulnerability, artifact: { name: "delegate", version: "5.9.3" } }],
      source: { type: "directory", target: "/" },
      descriptor: {
        ...{ name: "grype", version: "0.94.0" },
        db: { status: { ...status, schemaVersion: "v6.0.2" } },
      },
    });
    expect(grype).toEqual({
      scanner: {
        uri: "https://github.com/anchore/grype",
        version: "0.94.0",
        db: {
          uri: "https://grype.example/v6/db.tar.zst",
          version: "v6.0.2",
          lastUpdate: "2025-06-13T04:05:06.000Z",
        },
      },
      result: [
        {
          id: "CVE-1999-1338",
          severity: [
            { method: "debian:distro:debian:12", score: "medium" },
            { method: "nvd@nist.gov/cvss_v2_score", score: "5" },
            { method: "nvd@nist.gov/cvss_v2_vector", score: "AV:N/AC:L/Au:N/C:N/I:P/A:N" },
          ],
          annotations: { package: "delegate", version: "5.9.3", fix: "unfixed", epss: 0.03 },
        },
      ],
    });
    const V3Vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N";
    const listed = trivyVulnerability({
      ...{ Severity: "MEDIUM", SeveritySource: "nvd" },
      CVSS: { nvd: { V2Score: 5, V3Score: 5.3, V3Vector }, redhat: { V40Score: 6.1 } },
    });
    const bare = await scan({ ...trivy([listed]), Trivy: { Version: "0.72.0" } });
    expect(bare?.scanner).toEqual({
      uri: "https://github.com/aquasecurity/trivy",
      version: "0.72.0",
    });
    expect(bare?.result[0]?.severity).toEqual([
      { method: "nvd", score: "medium" },
      { method: "nvd/cvss_v2_score", score: "5" },
      { method: "nvd/cvss_v3_score", score: "5.3" },
      { method: "nvd/cvss_v3_vector", score: V3Vector },
      { method: "redhat/cvss_v4_score", score: "6.1" },
    ]);
    const tool = {
      driver: { name: "Scan", semanticVersion: "1.2.3", informationUri: "https://s.example" },
    };
    const sarif = await scan({
      version: "2.1.0",
      runs: [{ tool, results: [{ ruleId: "CVE-2024-1", level: "error" }] }],
    });
    expect(sarif).toEqual({
      scanner: { uri: "https://s.example", version: "1.2.3" },
      result: [{ id: "CVE-2024-1", severity: [{ method: "sarif", score: "high" }] }],
    });
  });
});

describe("nothing is said of vulnerabilities", () => {
  test.each([
    ["leaks", "gitleaks", [{ RuleID: "aws-key", File: "a.tf", StartLine: 1 }]],
    ["no leaks", "gitleaks", []],
    [
      "code, and what has no results at all",
      "auto",
      { version: "2.1.0", runs: [{ tool: { driver: { name: "scan" } }, results: [] }] },
    ],
    [
      "secrets and misconfigurations, by Trivy",
      "auto",
      {
        SchemaVersion: 2,
        Results: [{ Target: "a.env", Class: "secret", Secrets: [{ RuleID: "aws-key" }] }],
      },
    ],
    [
      "licences, with the packages that have them, by Trivy",
      "auto",
      {
        SchemaVersion: 2,
        Results: [
          { Target: "debian", Class: "os-pkgs", Packages: [{ Name: "bash" }] },
          { Target: "OS Packages", Class: "license" },
        ],
      },
    ],
  ])("by a report of %s", async (_, format, report) => {
    const { scans } = await judge([report], { config: { scanner_format: format } });
    expect(scans).toBeUndefined();
  });

  test("more than is read by others is left to the report, and that is said", async () => {
    const many = Array.from({ length: 20_001 }, (_, index) =>
      trivyVulnerability({ VulnerabilityID: `CVE-2024-${10_000 + index}`, Severity: "LOW" }),
    );
    const { scans, reasons } = await judge([trivy(many)]);
    expect(scans).toBeUndefined();
    expect(reasons).toContainEqual(
      expect.objectContaining({ code: "SEC_NOT_ATTESTED", measured: 20_001 }),
    );
  });
});

test("vulnerabilities are described as the scanner lists them, before VEX and limits", async () => {
  const listed = [
    trivyVulnerability(),
    trivyVulnerability({ VulnerabilityID: "CVE-2024-0002", Status: "affected", FixedVersion: "" }),
  ];
  const { scans, status } = await judge([trivy(listed)], {
    config: { ignore_unfixed: true, max: { high: 1 } },
  });
  expect(status).toBe("warning");
  expect(scans?.[0]?.result).toEqual([
    {
      id: "CVE-2024-0001",
      severity: [{ method: "trivy", score: "high" }],
      annotations: {
        package: "openssl",
        version: "3.0.11",
        purl: "pkg:deb/debian/openssl@3.0.11?arch=amd64",
        where: "app (debian 12)",
        fix: "fixed",
        fixed_in: "3.0.15",
      },
    },
    expect.objectContaining({
      id: "CVE-2024-0002",
      annotations: expect.objectContaining({ fix: "unfixed" }),
    }),
  ]);
});

describe("an attestation of vulnerabilities is judged like a report", () => {
  const one = (severity: unknown, more: Record<string, unknown> = {}) =>
    foreign([{ id: "CVE-2024-0001", severity, ...more }]);
  const scored = (method: string, score: string) => one([{ method, score }]);

  test.each([
    ["a word", scored("nvd", "Critical"), "failed", /CRITICAL CVE-2024-0001/],
    ["a score, by the bands of CVSS", scored("cvss_score", "7.0"), "failed", /HIGH CVE/],
    ["a score below", scored("cvss_score", "6.9"), "warning", /1 medium/],
    [
      "a vector",
      scored("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
      "failed",
      /CRIT/,
    ],
    ["one that is no list", one({ method: "nvd", score: "8.1" }), "failed", /HIGH CVE/],
    ["a vector that is none", scored("CVSS_V3", "CVSS:3.1/nonsense"), "warning", /1 unknown/],
    ["a number that is no score", scored("nvd", "97"), "warning", /1 unknown/],
    ["a chance of exploitation", scored("epss", "0.97"), "warning", /1 unknown/],
    ["nothing", one([]), "warning", /1 unknown/],
    [
      "a word that outweighs the score beside it",
      one([
        { method: "debian", score: "low" },
        { method: "nvd/cvss_v3_score", score: "9.8" },
      ]),
      "passed",
      /1 low/,
    ],
  ])("with %s", async (_, predicate, status, says) => {
    const verdict = await judge([attested(predicate)]);
    const said = [verdict.summary, ...(verdict.reasons ?? []).map(({ message }) => message)];
    expect(verdict.status, said.join("\n")).toBe(status);
    expect(said.join("\n")).toMatch(says);
    expect(said.join("\n")).not.toMatch(/names no artifact/);
  });

  test("without a severity it is judged as unknown_as says", async () => {
    const verdict = await judge([attested(one([]))], { config: { unknown_as: "high" } });
    expect(verdict).toMatchObject({ status: "failed" });
  });

  test("malware is malware, whatever its severity, and what is known to be exploited blocks", async () => {
    const malware = await judge([attested(foreign([{ id: "MAL-2024-1", severity: [] }]))]);
    expect(malware.reasons).toContainEqual(expect.objectContaining({ code: "SEC_MALWARE" }));
    const known = await judge([
      attested(one([{ method: "nvd", score: "low" }], { annotations: { known_exploited: true } })),
    ]);
    expect(known.reasons).toContainEqual(expect.objectContaining({ code: "SEC_KNOWN_EXPLOITED" }));
  });

  test("an empty one says that there is nothing, and one of an old database is an error where the age counts", async () => {
    expect(await judge([attested(foreign([]))])).toMatchObject({ status: "passed" });
    await expect(
      judge([attested(foreign([]))], {
        config: { db_max_age: "1h" },
        now: new Date("2026-03-04T05:06:07Z"),
      }),
    ).rejects.toThrow(/5 hours old/);
    await expect(judge([attested(foreign([]))], { config: { min_packages: 2 } })).rejects.toThrow(
      /does not say how many packages were scanned/,
    );
  });

  test.each([
    ["without a scanner", { metadata: {} }],
    ["without a list of results", { scanner: { uri: "https://s.example" }, metadata: {} }],
    ["whose list is null", { scanner: { uri: "https://s.example", result: null }, metadata: {} }],
    ["that does not say when", { scanner: { uri: "https://s.example", result: [] }, metadata: {} }],
    ["of a result without an id", foreign([{ severity: [] }])],
    ["whose scores are numbers", one([{ method: "cvss", score: 9.8 }])],
    ["that is a list", []],
  ])("%s it is an error", async (_, predicate) => {
    await expect(judge([attested(predicate)])).rejects.toThrow(
      /it is not an attestation of vulnerabilities: at \$/,
    );
  });

  test("a file of that form that somebody wrote proves nothing of the artifact by itself", async () => {
    const { status, reasons } = await judge([foreign([])]);
    expect(status).toBe("passed");
    expect(reasons).toContainEqual(expect.objectContaining({ code: "SEC_UNBOUND" }));
  });
});
