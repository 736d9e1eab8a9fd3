import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import plugin from "@floe/plugin-gate-security-scan";
import { afterAll, describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";
import { aWorld } from "../review/a-world.ts";
import { readEvidence } from "./read-evidence.ts";

const SHARED = fileURLToPath(new URL("../../../../../shared/data/reports", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "floe-scan-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plugins = [plugin];

/** Gates of the kind `security_scan`, none of which stops the promotion, so that one promotion shows them all. */
function scans(gates: Readonly<Record<string, Readonly<Record<string, unknown>>>>) {
  const kind = { kind: "security_scan", required: false };
  const all = Object.entries(gates).map(([name, gate]) => [name, { ...kind, ...gate }]);
  return [{ name: "dev", gates: { policy_compliance: true, ...Object.fromEntries(all) } }];
}

/** A scanner that prints what a real one has printed, and ends as it ends. */
function scanner(report: string, status: number, more: Readonly<Record<string, unknown>> = {}) {
  return {
    command: `cat "${report}" > "$FLOE_GATE_DIR/report.json"; exit ${status}`,
    shell: true,
    reports: ["${FLOE_GATE_DIR}/report.json"],
    ...more,
  };
}

test("the recorded reports are here where they are required", () => {
  expect(existsSync(SHARED) || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
});

describe.runIf(existsSync(SHARED))("what scanners print, beside their real exit status", () => {
  test("is judged by the report, and secrets come neither into results nor into evidence", async () => {
    const real = (path: string) => join(SHARED, path);
    const expected: Readonly<Record<string, readonly [object, string]>> = {
      trivy: [scanner(real("trivy/alpine-310.json"), 0), "warning"],
      trivy_status: [scanner(real("trivy/alpine-310.json"), 1), "warning"],
      trivy_nothing: [scanner(real("trivy/alpine-39-skip.json"), 0), "error"],
      grype: [scanner(real("grype/directory-db-2021.json"), 2), "failed"],
      grype_of_another: [scanner(real("grype/no-match.json"), 0), "error"],
      osv: [scanner(real("osv/three-sources.json"), 1), "failed"],
      osv_tolerated: [
        scanner(real("osv/three-sources.json"), 1, { block_on_severity: "critical" }),
        "warning",
      ],
      osv_nothing: [scanner("/dev/null", 128), "error"],
      osv_broken: [scanner(real("osv/command-injection-in-path.json"), 129), "error"],
      npm: [scanner(real("npm-audit/v2-echoes.json"), 1), "warning"],
      npm_outage: [scanner(real("npm-audit/endpoint-405.json"), 1), "error"],
      spotbugs: [scanner(real("sarif/spotbugs-not-successful.sarif"), 0), "error"],
      leaks: [scanner(real("gitleaks/v8-four.json"), 1), "failed"],
      no_leaks: [scanner(real("gitleaks/clean.json"), 0, { scanner_format: "gitleaks" }), "passed"],
      no_leaks_but: [
        scanner(real("gitleaks/clean.json"), 1, { scanner_format: "gitleaks" }),
        "error",
      ],
    };
    const gates = Object.fromEntries(
      Object.entries(expected).map(([name, [gate]]) => [name, { ...gate }]),
    );
    await using world = await aWorld({ plugins, environments: scans(gates) });
    await world.publish("v1.0.0");

    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    if (outcome.kind !== "done") throw new Error(outcome.kind);

    const results = new Map(outcome.plan.gates.map((result) => [result.gate, result]));
    const statuses = Object.keys(expected).map((name) => [name, results.get(name)?.status]);
    expect(Object.fromEntries(statuses)).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, [, status]]) => [name, status])),
    );
    expect(results.get("npm_outage")?.summary).toContain("this is not a finding");
    expect(results.get("osv")?.security_summary).toMatchObject({
      // 11 groups in three lock files; two are the same package version twice.
      total_vulnerabilities: 9,
      by_severity: { CRITICAL: 0, HIGH: 2, MEDIUM: 2, LOW: 1, UNKNOWN: 4 },
    });
    expect(results.get("osv")?.judged_by).toBe("report");

    const evidence = await readEvidence(world.store, results.get("leaks")?.evidence?.digest ?? "");
    const kept = JSON.stringify(evidence.reports);
    expect(kept).toContain("aws-access-token");
    for (const text of [kept, JSON.stringify(outcome), JSON.stringify(evidence.predicate)])
      expect(text).not.toContain("secretAWSsecret");
  });
});

/** What a registry answers to npm: packages, and advisories about them. `null`: it has no such service. */
async function startNpmRegistry(advisories: Readonly<Record<string, unknown>> | null) {
  const server = createServer((request, response) => {
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    request.resume();
    request.on("end", () => {
      if (request.method === "POST") {
        if (advisories === null) send(405, {});
        else send(200, advisories);
        return;
      }
      const version = (number: string) => ({
        name: "minimist",
        version: number,
        dist: { tarball: `http://127.0.0.1/minimist-${number}.tgz`, shasum: "0".repeat(40) },
      });
      send(200, {
        name: "minimist",
        "dist-tags": { latest: "1.2.8" },
        versions: { "1.2.5": version("1.2.5"), "1.2.8": version("1.2.8") },
      });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

test("npm audit itself: advisories, none, and a registry that cannot say, all told apart", async () => {
  const project = join(folder, "npm");
  mkdirSync(project);
  const dependencies = { minimist: "1.2.5" };
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "app", version: "1.0.0", dependencies }),
  );
  writeFileSync(
    join(project, "package-lock.json"),
    JSON.stringify({
      name: "app",
      version: "1.0.0",
      lockfileVersion: 3,
      requires: true,
      packages: {
        "": { name: "app", version: "1.0.0", dependencies },
        "node_modules/minimist": { version: "1.2.5" },
      },
    }),
  );
  await using vulnerable = await startNpmRegistry({
    minimist: [
      {
        id: 1097678,
        url: "https://github.com/advisories/GHSA-xvch-5gv4-984h",
        title: "Prototype Pollution",
        severity: "moderate",
        vulnerable_versions: "<1.2.6",
        cwe: [],
        cvss: { score: 0, vectorString: null },
      },
    ],
  });
  await using clean = await startNpmRegistry({});
  await using deaf = await startNpmRegistry(null);
  // No reports are listed: what npm prints is the report.
  const audit = (
    { url }: { readonly url: string },
    more: Readonly<Record<string, unknown>> = {},
  ) => ({
    command: ["npm", "audit", "--json", "--registry", url, "--cache", join(folder, "cache")],
    cwd: project,
    ...more,
  });
  const gates = {
    tolerated: audit(vulnerable),
    refused: audit(vulnerable, { block_on_severity: "medium" }),
    clean: audit(clean),
    deaf: audit(deaf),
  };
  await using world = await aWorld({ plugins, environments: scans(gates) });
  await world.publish("v1.0.0");

  const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
  if (outcome.kind !== "done") throw new Error(outcome.kind);

  const [tolerated, refused, none, outage] = Object.keys(gates).map((name) =>
    outcome.plan.gates.find(({ gate }) => gate === name),
  );
  expect(tolerated).toMatchObject({
    status: "warning",
    judged_by: "report",
    metrics: { medium: 1, total: 1 },
  });
  expect(refused).toMatchObject({
    status: "failed",
    security_summary: { blocking_cves: ["GHSA-xvch-5gv4-984h"] },
    reasons: expect.arrayContaining([
      expect.objectContaining({
        message: "MEDIUM GHSA-xvch-5gv4-984h in minimist, fixed in minimist@1.2.8",
      }),
    ]),
  });
  expect(none).toMatchObject({ status: "passed", metrics: { total: 0 } });
  expect(outage).toMatchObject({
    status: "error",
    summary: expect.stringMatching(/npm audit could not check .*405/),
  });
});

test("with new_only, what runs in the environment already had the finding, and what is new blocks", async () => {
  const advisory = (id: string) => ({
    source: id,
    name: id,
    url: `https://github.com/advisories/GHSA-${id}`,
    severity: "high",
  });
  const write = (...ids: readonly string[]): void => {
    const vulnerabilities = Object.fromEntries(
      ids.map((id) => [id, { severity: "high", via: [advisory(id)], fixAvailable: false }]),
    );
    const metadata = {
      vulnerabilities: { high: ids.length, total: ids.length },
      dependencies: { total: 9 },
    };
    const report = { auditReportVersion: 2, vulnerabilities, metadata };
    writeFileSync(join(folder, "audit.json"), JSON.stringify(report));
  };
  const gates = { scan: scanner(join(folder, "audit.json"), 0, { new_only: true }) };
  await using world = await aWorld({ plugins, environments: scans(gates) });
  const judged = async (version: string) => {
    await world.publish(version, version);
    const outcome = await world.floe().promote({ version, to: "dev" });
    if (outcome.kind !== "done") throw new Error(outcome.kind);
    return outcome.plan.gates.find(({ gate }) => gate === "scan");
  };

  write("aaaa-aaaa-aaaa");
  expect(await judged("v1.0.0")).toMatchObject({ status: "failed" });
  expect(await judged("v1.1.0")).toMatchObject({ status: "passed", metrics: { known_before: 1 } });
  write("aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb");
  expect(await judged("v1.2.0")).toMatchObject({
    status: "failed",
    metrics: { known_before: 1, blocking: 1 },
    security_summary: { blocking_cves: ["GHSA-bbbb-bbbb-bbbb"] },
  });
});

test("floe gate run judges with the gate that comes along, by a VEX file beside the manifest", async () => {
  await using project = await aProject({
    environments: [
      {
        name: "dev",
        gates: { policy_compliance: true, security_scan: { vex: ["vex/*.json"] } },
      },
    ],
    gateCommands: { security_scan: { command: ["sh", "scan.sh"], scanner_format: "trivy" } },
  });
  mkdirSync(join(project.dir, "vex"));
  project.write(
    "vex/app.json",
    JSON.stringify({
      "@context": "https://openvex.dev/ns/v0.2.0",
      timestamp: "2026-01-01T00:00:00Z",
      statements: [
        {
          vulnerability: { name: "CVE-2024-0001" },
          products: ["pkg:deb/debian/openssl"],
          status: "not_affected",
          justification: "vulnerable_code_not_in_execute_path",
        },
      ],
    }),
  );
  const vulnerability = (id: string) =>
    `{"VulnerabilityID":"${id}","PkgName":"openssl","PkgIdentifier":{"PURL":"pkg:deb/debian/openssl@3.0.11"},"InstalledVersion":"3.0.11","FixedVersion":"3.0.15","Severity":"CRITICAL"}`;
  project.write(
    "scan.sh",
    `echo '{"SchemaVersion":2,"Metadata":{"RepoDigests":["app@'$FLOE_ARTIFACT_DIGEST'"]},"Results":[{"Target":"app","Packages":[{"Name":"openssl"}],"Vulnerabilities":[${vulnerability("CVE-2024-0001")},${vulnerability("CVE-2024-0002")}]}]}'`,
  );

  const run = await project.run(
    "gate",
    "run",
    "security_scan",
    "v1.0.0",
    "--env",
    "dev",
    "-o",
    "json",
    "--verbose",
  );

  expect(JSON.parse(run.stdout)).toMatchObject({
    status: "failed",
    judged_by: "report",
    plugin: { name: "@floe/plugin-gate-security-scan", origin: "bundled" },
    security_summary: { total_vulnerabilities: 1, blocking_cves: ["CVE-2024-0002"] },
    metrics: { excused: 1 },
  });
  // What a scanner prints may hold what it found: it is not among the lines of --verbose.
  expect(run.stderr).toContain("security_scan");
  expect(run.stderr).not.toMatch(/SchemaVersion|ExperimentalWarning/);
});
