import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { GateVerdict } from "@floe/core/plugin";
import { fakeReport } from "@floe/plugin-testkit";
import { afterAll, describe, expect, test } from "vitest";
import { DIGEST, judge, trivy, trivyVulnerability } from "./judge.ts";

const folder = mkdtempSync(join(tmpdir(), "floe-security-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const high = trivyVulnerability();
const medium = trivyVulnerability({ VulnerabilityID: "CVE-2024-0002", Severity: "MEDIUM" });
const low = trivyVulnerability({ VulnerabilityID: "CVE-2024-0003", Severity: "LOW" });
const unfixed = trivyVulnerability({
  VulnerabilityID: "CVE-2024-0004",
  FixedVersion: "",
  Status: "affected",
});
const unrated = trivyVulnerability({ VulnerabilityID: "CVE-2024-0005", Severity: "UNKNOWN" });

const codes = (verdict: GateVerdict): string[] =>
  (verdict.reasons ?? []).map(({ code, level }) => `${level} ${code}`);

/** A match of Grype in a report about the promoted artifact. */
function grype(
  matches: readonly Record<string, unknown>[],
  descriptor: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    matches: matches.map(({ severity = "High", ...vulnerability }) => ({
      vulnerability: {
        id: "CVE-2024-0001",
        severity,
        fix: { state: "not-fixed" },
        ...vulnerability,
      },
      artifact: { name: "openssl", version: "3.0.11", purl: "pkg:deb/debian/openssl@3.0.11" },
    })),
    source: { type: "image", target: { manifestDigest: DIGEST } },
    descriptor: {
      name: "grype",
      version: "0.94.0",
      db: { status: { built: "2026-03-03T05:06:07Z" } },
      ...descriptor,
    },
  };
}

describe("by severity", () => {
  test("HIGH blocks, and the reason names what, where, the limit and the fix", async () => {
    const verdict = await judge([trivy([high, medium])]);

    expect(verdict).toMatchObject({
      status: "failed",
      summary: "1 finding blocks (1 high): CVE-2024-0001 in openssl 3.0.11",
      metrics: { high: 1, medium: 1, total: 2, blocking: 1 },
    });
    expect(verdict.reasons?.[0]).toEqual({
      code: "SEC_SEVERITY_BLOCKED",
      level: "fail",
      message: "HIGH CVE-2024-0001 in openssl 3.0.11, fixed in 3.0.15",
      subject: "CVE-2024-0001 in openssl 3.0.11",
      measured: "HIGH",
      limit: "none of CRITICAL, HIGH",
      where: "pkg:deb/debian/openssl@3.0.11?arch=amd64",
      fix: "Update openssl: fixed in 3.0.15.",
    });
    expect(verdict.details).toMatchObject({
      security_summary: {
        total_vulnerabilities: 2,
        by_severity: { CRITICAL: 0, HIGH: 1, MEDIUM: 1, LOW: 0, UNKNOWN: 0 },
        blocking_cves: ["CVE-2024-0001"],
        ignored_unfixed: 0,
      },
    });
  });

  test("MEDIUM alone under a floor of HIGH is a warning, LOW alone passes", async () => {
    const warned = await judge([trivy([medium, low])], { config: { block_on_severity: "high" } });

    expect(warned.status).toBe("warning");
    expect(codes(warned)).toEqual(["warn SEC_BELOW_LIMIT"]);
    expect((await judge([trivy([low])])).status).toBe("passed");
  });

  test("a list names severities one by one, a word is a floor", async () => {
    const list = await judge([trivy([high])], { config: { block_on_severity: ["critical"] } });
    const floor = await judge([trivy([low])], { config: { block_on_severity: "LOW" } });

    expect([list.status, floor.status]).toEqual(["warning", "failed"]);
  });

  test("what nobody has rated is judged as unknown_as, and counted apart", async () => {
    const warned = await judge([trivy([unrated])]);
    const failed = await judge([trivy([unrated])], { config: { unknown_as: "critical" } });

    expect(warned).toMatchObject({ status: "warning", metrics: { unknown: 1, low: 0 } });
    expect(failed.reasons?.[0]?.message).toContain("UNKNOWN (judged as CRITICAL) CVE-2024-0005");
  });

  test("max takes the place of blocking on each one", async () => {
    const many = Array.from({ length: 3 }, (_, index) =>
      trivyVulnerability({ VulnerabilityID: `CVE-2025-000${index}` }),
    );
    const within = await judge([trivy(many)], { config: { max: { high: 3 } } });
    const above = await judge([trivy(many)], { config: { max: { high: 2 } } });

    expect(within.status).toBe("warning");
    expect(above.reasons?.[0]).toMatchObject({
      code: "SEC_TOO_MANY",
      message: "3 findings are HIGH, the limit is 2 (max.high)",
      measured: 3,
      limit: 2,
      fix: "Fix at least 1 of them.",
    });
  });

  test("2000 blocking findings give a verdict of bounded size that says how many there are", async () => {
    const many = Array.from({ length: 2000 }, (_, index) =>
      trivyVulnerability({
        VulnerabilityID: `${"CVE".repeat(60)}-${10_000 + index}`,
        PkgName: `package-${index}-${"é".repeat(500)}`,
        PkgIdentifier: undefined,
        PkgPath: `/opt/${"x".repeat(500)}`,
        InstalledVersion: "1".repeat(500),
        FixedVersion: "2".repeat(500),
      }),
    );
    const verdict = await judge([trivy(many)]);

    expect(JSON.stringify(verdict).length).toBeLessThan(256 * 1024);
    expect(codes(verdict)).toContain("fail SEC_MORE_BLOCKED");
    expect(verdict.metrics).toMatchObject({ blocking: 2000 });
  });
});

describe("ignore_unfixed", () => {
  const config = { ignore_unfixed: true };

  test("leaves out what has no fix, and says how many", async () => {
    const verdict = await judge([trivy([unfixed])], { config });

    expect(verdict).toMatchObject({
      status: "passed",
      metrics: { high: 0, ignored_unfixed: 1 },
      details: { security_summary: { total_vulnerabilities: 0, ignored_unfixed: 1 } },
    });
    expect(verdict.reasons?.map(({ message }) => message)).toEqual([
      "1 vulnerability without a fix ignored (ignore_unfixed): 1 high",
    ]);
  });

  test("does not hide what is known to be exploited, malware or secrets", async () => {
    const exploited = await judge([grype([{ knownExploited: [{ cve: "CVE-2024-0001" }] }])], {
      config,
    });
    const malware = await judge(
      [
        trivy([
          trivyVulnerability({
            VulnerabilityID: "MAL-2024-1",
            FixedVersion: "",
            Status: "affected",
          }),
        ]),
      ],
      { config },
    );
    const secret = await judge(
      [trivy([], { Secrets: [{ RuleID: "aws-access-key-id", Severity: "LOW", StartLine: 3 }] })],
      { config },
    );

    expect([codes(exploited)[0], codes(malware)[0], codes(secret)[0]]).toEqual([
      "fail SEC_KNOWN_EXPLOITED",
      "fail SEC_MALWARE",
      "fail SEC_SECRET",
    ]);
  });

  test("does not hide a finding of which the scanner does not say whether there is a fix", async () => {
    const verdict = await judge([grype([{ fix: { state: "" } }])], { config });

    expect(verdict.status).toBe("failed");
  });

  test("does not hide one that another scanner knows a fix for", async () => {
    const fixed = grype([{ fix: { state: "fixed", versions: ["3.0.15"] } }]);
    const unfixedHere = trivy([{ ...unfixed, VulnerabilityID: "CVE-2024-0001" }]);
    const verdict = await judge([unfixedHere, fixed], { config });

    expect(verdict).toMatchObject({ status: "failed", metrics: { total: 1 } });
  });
});

describe("one finding from several tools", () => {
  test("counts once, by its aliases, and the worst severity stands", async () => {
    const ghsa = {
      id: "GHSA-aaaa-bbbb-cccc",
      severity: "Critical",
      fix: { state: "not-fixed" },
    };
    const report = grype([{ ...ghsa }]);
    const [match] = report["matches"] as Record<string, unknown>[];
    const withAlias = {
      ...report,
      matches: [{ ...match, relatedVulnerabilities: [{ id: "CVE-2024-0001" }] }],
    };
    const verdict = await judge([trivy([high]), withAlias]);

    expect(verdict.metrics).toMatchObject({ total: 1, critical: 1, high: 0 });
    expect(verdict.details).toMatchObject({
      security_summary: { blocking_cves: ["CVE-2024-0001"] },
    });
  });

  test("an advisory of a distribution that covers two CVEs does not make one of them", async () => {
    const one = trivyVulnerability({ VendorIDs: ["DSA-5000-1"] });
    const two = trivyVulnerability({ VulnerabilityID: "CVE-2024-0009", VendorIDs: ["DSA-5000-1"] });

    expect((await judge([trivy([one, two])])).metrics).toMatchObject({ total: 2 });
  });

  test("the same report twice counts once", async () => {
    const report = trivy([high]);

    expect((await judge([report, report])).metrics).toMatchObject({ total: 1 });
  });
});

describe("a report of another artifact, or of none", () => {
  test("is an error that names both digests", async () => {
    const other = `sha256:${"f".repeat(64)}`;

    await expect(judge([trivy([])], { digest: other })).rejects.toThrow(
      `scan-1.json is about ${DIGEST}, and ${other} is to be promoted: scan \${ARTIFACT_REF}`,
    );
    await expect(judge([grype([])], { digest: other })).rejects.toThrow(/is to be promoted/);
  });

  test("the digest of Trivy's configuration is not taken for that of the manifest", async () => {
    const report = { ...trivy([]), Metadata: { ImageID: `sha256:${"f".repeat(64)}` } };

    expect(codes(await judge([report]))).toEqual(["info SEC_UNBOUND"]);
  });
});

describe("the database of the scanner", () => {
  const config = { db_max_age: "72h" };

  test("may be as old as db_max_age says, and not older", async () => {
    const now = new Date("2026-03-06T05:06:07Z");
    const later = new Date("2026-03-06T05:06:08Z");

    expect((await judge([grype([])], { config, now })).status).toBe("passed");
    await expect(judge([grype([])], { config, now: later })).rejects.toThrow(
      /database of Grype 0\.94\.0 is 72 hours old, the limit is 72 \(db_max_age.*update the database/,
    );
  });

  test("of unknown age is an error under a limit, and a warning for Grype without one", async () => {
    const silent = grype([], { db: null });

    await expect(judge([silent], { config })).rejects.toThrow(/does not say how old/);
    await expect(judge([trivy([])], { config })).rejects.toThrow(/only Grype writes it/);
    expect(codes(await judge([silent]))).toEqual(["warn SEC_DB_AGE_UNKNOWN"]);
  });
});

describe("lists of the user", () => {
  const kev = join(folder, "kev.json");
  const epss = join(folder, "epss.csv");
  writeFileSync(kev, JSON.stringify({ count: 1, vulnerabilities: [{ cveID: "CVE-2024-0003" }] }));
  const scores =
    "#model_version:v4,score_date:2026-03-01\ncve,epss,percentile\nCVE-2024-0002,0.81,0.99\nCVE-2024-0003,0.1,0.5\n";
  writeFileSync(epss, scores);
  writeFileSync(`${epss}.gz`, gzipSync(scores));

  test("what is known to be exploited blocks, whatever its severity", async () => {
    const verdict = await judge([trivy([low])], { config: { kev_file: "kev.json" }, folder });

    expect(codes(verdict)[0]).toBe("fail SEC_KNOWN_EXPLOITED");
  });

  test.each(["epss.csv", "epss.csv.gz"])(
    "an EPSS score above the limit blocks (%s)",
    async (file) => {
      const config = { block_on: { epss_above: 0.5 }, epss_file: file };
      const verdict = await judge([trivy([medium, low])], { config, folder });

      expect(verdict.reasons?.[0]).toMatchObject({
        code: "SEC_LIKELY_EXPLOITED",
        measured: 0.81,
        limit: 0.5,
        subject: "CVE-2024-0002 in openssl 3.0.11",
      });
      expect(verdict.metrics).toMatchObject({ blocking: 1 });
    },
  );

  test("a limit on what no report and no list says is an error", async () => {
    const report = trivy([low]);

    await expect(judge([report], { config: { block_on: { kev: true } } })).rejects.toThrow(
      /set kev_file/,
    );
    await expect(judge([report], { config: { block_on: { epss_above: 0.5 } } })).rejects.toThrow(
      /set epss_file/,
    );
    await expect(
      judge([report], { config: { block_on: { licenses: ["AGPL-*"] } } }),
    ).rejects.toThrow(/no report lists licences/);
    expect((await judge([trivy([])], { config: { block_on: { kev: true } } })).status).toBe(
      "passed",
    );
  });

  test("a list that is missing, cut off or something else is an error", async () => {
    writeFileSync(join(folder, "cut.json"), '{"count":2,"vulnerabilities":[{"cveID":"CVE-1"}]}');
    writeFileSync(join(folder, "cut.csv"), scores.slice(0, -3));
    const withKev = (file: string) => judge([trivy([low])], { config: { kev_file: file }, folder });
    const withEpss = (file: string) =>
      judge([trivy([low])], { config: { epss_file: file }, folder });

    await expect(withKev("none.json")).rejects.toThrow(
      "kev_file: none.json cannot be read (ENOENT)",
    );
    await expect(withKev("cut.json")).rejects.toThrow(/announces 2 vulnerabilities and lists 1/);
    await expect(withEpss("cut.csv")).rejects.toThrow(/ends in the middle of a line/);
    await expect(withEpss("kev.json")).rejects.toThrow(/it is no EPSS file/);
  });
});

describe("licences", () => {
  test("on the list block, also where the scanner finds no fault with them", async () => {
    const config = { block_on: { licenses: ["agpl-*"] } };
    const packages = [
      { Name: "mongo", Licenses: ["AGPL-3.0"] },
      { Name: "zlib", Licenses: ["Zlib"] },
    ];
    const verdict = await judge([trivy([], { Packages: packages })], { config });

    expect(verdict).toMatchObject({
      status: "failed",
      summary: expect.stringContaining("AGPL-3.0 at mongo"),
      metrics: { blocking: 1 },
    });
  });
});

describe("new_only", () => {
  const baseline = {
    digest: `sha256:${"1".repeat(64)}`,
    version: "v1.2.2",
    judgedAt: new Date("2026-02-01T00:00:00Z"),
    status: "warning" as const,
    metrics: {},
    details: {},
    reports: [],
  };
  const config = { new_only: true };

  test("does not count what the artifact had that runs now, though the package is newer", async () => {
    const old = trivyVulnerability({ InstalledVersion: "3.0.9" });
    const reports = [fakeReport("trivy.json", JSON.stringify(trivy([old])))];
    const verdict = await judge([trivy([high, medium])], {
      config,
      baseline: { ...baseline, reports },
    });

    expect(verdict).toMatchObject({ status: "warning", metrics: { known_before: 1, total: 1 } });
  });

  test("compares with what the last verdict kept, where the reports were too large to keep", async () => {
    const before = await judge([trivy([high])]);
    const verdict = await judge([trivy([high])], {
      config,
      baseline: { ...baseline, details: before.details ?? {} },
    });

    expect(verdict).toMatchObject({ status: "passed", metrics: { known_before: 1 } });
  });

  test("counts everything where nothing is known of what runs now", async () => {
    const verdict = await judge([trivy([high])], { config, baseline: null });

    expect(verdict.status).toBe("failed");
    expect(codes(verdict)).toContain("info SEC_NO_BASELINE");
  });

  test("never hides a secret", async () => {
    const report = trivy([], { Secrets: [{ RuleID: "key", Severity: "HIGH", StartLine: 1 }] });
    const reports = [fakeReport("trivy.json", JSON.stringify(report))];
    const verdict = await judge([report], { config, baseline: { ...baseline, reports } });

    expect(verdict.status).toBe("failed");
  });
});

describe("the command beside the report", () => {
  test.each([
    ["trivy", trivy([medium]), 1, true],
    ["Grype", grype([{ severity: "Medium" }]), 2, true],
    ["Grype, that says that it failed", grype([{ severity: "Medium" }]), 1, false],
    ["a scanner that found nothing", trivy([]), 1, false],
  ])("%s", async (_, report, exitCode, explained) => {
    expect((await judge([report], { run: { exitCode } })).explainsExitStatus).toBe(explained);
  });

  test("that was killed proves nothing, however good the report", async () => {
    await expect(
      judge([trivy([])], { run: { exitCode: null, signal: "SIGKILL" } }),
    ).rejects.toThrow(/ended by SIGKILL; what it had reported by then proves nothing/);
  });

  test("npm audit --offline asks nobody, and is refused", async () => {
    await expect(
      judge([trivy([])], { run: { argv: ["npm", "audit", "--json", "--offline"] } }),
    ).rejects.toThrow(/take --offline away/);
  });

  test("a command without a report is an error, and not judged by its exit status", async () => {
    await expect(judge([])).rejects.toThrow(/there is no report to judge by/);
  });
});

describe("what scanners have found", () => {
  test("of secrets appears nowhere, and neither does what lies around damage in a report", async () => {
    const leak = {
      RuleID: "generic-api-key",
      File: "conf.env",
      StartLine: 4,
      Match: "KEY=hunter2secret",
      Secret: "hunter2secret",
      Message: "x",
    };
    const text = JSON.stringify([leak]);

    expect(JSON.stringify(await judge([text]))).not.toContain("hunter2");
    for (const damaged of [text.slice(0, 95), text.replace('"File"', "File"), `${text}x`]) {
      const error = await judge([damaged]).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(Error);
      expect(String((error as Error).stack)).not.toContain("hunter2");
    }
  });

  test("cannot smuggle commands or colours into the output", async () => {
    const evil = trivyVulnerability({
      PkgName: "evil\n::error::INJECTED\u001b[31m",
      PkgIdentifier: undefined,
    });
    const verdict = JSON.stringify(await judge([trivy([evil])]));

    expect(verdict).not.toMatch(/\\n::error|\\u001b/);
  });

  test("in a report above the limit is not read", async () => {
    const huge = new Uint8Array(64 * 1024 * 1024 + 1).fill(0x20);

    await expect(judge([fakeReport("huge.json", huge)])).rejects.toThrow(
      /has 67108865 bytes, the limit is 67108864/,
    );
  });
});
