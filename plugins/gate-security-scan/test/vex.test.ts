import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { matchProduct } from "../src/vex/match-product.ts";
import { readVex } from "../src/vex/read-vex.ts";
import { DIGEST, judge, trivy, trivyVulnerability } from "./judge.ts";
import { isSharedPresent, reportFolder } from "./real-reports.ts";

const folder = mkdtempSync(join(tmpdir(), "floe-vex-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PURL = "pkg:deb/debian/openssl@3.0.11?arch=amd64";
const artifact = {
  repository: "registry.example/acme/app",
  digest: DIGEST,
  version: "v1.2.3",
};

interface Statement {
  readonly status?: string;
  readonly products?: readonly unknown[];
  readonly timestamp?: string;
  readonly vulnerability?: unknown;
}

let written = 0;

/** Writes an OpenVEX document about CVE-2024-0001 in openssl, and gives its name. */
function openvex(statements: readonly Statement[], timestamp = "2026-01-01T00:00:00Z"): string {
  written += 1;
  const path = `${written}.openvex.json`;
  const document = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    timestamp,
    statements: statements.map(({ status = "not_affected", ...rest }) => ({
      vulnerability: { name: "CVE-2024-0001" },
      products: [{ "@id": PURL }],
      status,
      ...(status === "not_affected" ? { justification: "vulnerable_code_not_present" } : {}),
      ...rest,
    })),
  };
  writeFileSync(join(folder, path), JSON.stringify(document));
  return path;
}

async function statusWith(...vex: readonly string[]): Promise<string> {
  const verdict = await judge([trivy([trivyVulnerability()])], { config: { vex }, folder });
  return verdict.status;
}

describe("a VEX statement", () => {
  test("that says not_affected sets the vulnerability aside, and the verdict says why", async () => {
    const vex = openvex([{}]);
    const verdict = await judge([trivy([trivyVulnerability()])], {
      config: { vex: [vex] },
      folder,
    });

    expect(verdict).toMatchObject({
      status: "passed",
      metrics: { total: 0, excused: 1 },
      details: {
        excused: [
          {
            id: "CVE-2024-0001",
            package: "openssl",
            status: "not_affected",
            justification: "vulnerable_code_not_present",
            source: vex,
          },
        ],
      },
    });
  });

  test.each([
    ["fixed", "passed"],
    ["affected", "failed"],
    ["under_investigation", "failed"],
  ])("that says %s: %s", async (status, expected) => {
    expect(await statusWith(openvex([{ status }]))).toBe(expected);
  });

  test("that is newer decides, and not the one that stands last", async () => {
    const older = { status: "not_affected", timestamp: "2026-01-01T00:00:00Z" };
    const newer = { status: "affected", timestamp: "2026-01-02T00:00:00+02:00" };

    expect(await statusWith(openvex([newer, older]))).toBe("failed");
    expect(
      await statusWith(
        openvex([
          { ...newer, status: "fixed" },
          { ...older, status: "affected" },
        ]),
      ),
    ).toBe("passed");
  });

  test("of the same time as another that disagrees sets nothing aside", async () => {
    expect(await statusWith(openvex([{}]), openvex([{ status: "affected" }]))).toBe("failed");
    expect(await statusWith(openvex([{ status: "affected" }]), openvex([{}]))).toBe("failed");
  });

  test("counts under an alias of the vulnerability", async () => {
    const vulnerability = { name: "GHSA-aaaa-bbbb-cccc", aliases: ["CVE-2024-0001"] };

    expect(await statusWith(openvex([{ vulnerability }]))).toBe("passed");
  });

  test("does not excuse malware or a secret", async () => {
    const vex = openvex([{ vulnerability: "MAL-2024-1", products: ["pkg:deb/debian/openssl"] }]);
    const report = trivy([trivyVulnerability({ VulnerabilityID: "MAL-2024-1" })]);

    expect((await judge([report], { config: { vex: [vex] }, folder })).status).toBe("failed");
  });

  test("that says not_affected without a reason is an error", async () => {
    const path = "bare.json";
    const statement = { vulnerability: "CVE-1", products: [PURL], status: "not_affected" };
    writeFileSync(
      join(folder, path),
      JSON.stringify({
        "@context": "https://openvex.dev/ns",
        timestamp: "2026-01-01T00:00:00Z",
        statements: [statement],
      }),
    );

    await expect(statusWith(path)).rejects.toThrow(
      "vex: cannot use bare.json: statement 1 says not_affected without a justification",
    );
  });

  test("in a file that is missing or something else is an error", async () => {
    writeFileSync(join(folder, "other.json"), '{"hello":1}');

    await expect(statusWith("none/*.json")).rejects.toThrow("vex: no file matches none/*.json");
    await expect(statusWith("other.json")).rejects.toThrow(
      /neither OpenVEX, nor CSAF, nor Cyclone/,
    );
  });
});

describe("the product of a statement", () => {
  const found = { name: "openssl", version: "3.0.11", purl: PURL };
  const is = (name: string, subcomponents: readonly string[] = []): boolean =>
    matchProduct({ names: [name], subcomponents }, artifact, found);

  test.each([
    ["the package in all versions", "pkg:deb/debian/openssl", true],
    ["the package in this version", "pkg:deb/debian/openssl@3.0.11", true],
    ["the package in another version", "pkg:deb/debian/openssl@3.0.12", false],
    ["the package for another architecture", "pkg:deb/debian/openssl@3.0.11?arch=arm64", false],
    ["the package of another distribution", "pkg:deb/ubuntu/openssl@3.0.11", false],
    ["another package", "pkg:deb/debian/openssl-dev@3.0.11", false],
    ["the artifact by its digest", `pkg:oci/app@${encodeURIComponent(DIGEST)}`, true],
    ["the artifact by its bare digest", DIGEST, true],
    ["another digest of it", `pkg:oci/app@sha256%3A${"f".repeat(64)}`, false],
    ["the artifact by its name", "pkg:oci/app", true],
    ["another artifact", "pkg:oci/web", false],
    ["the repository", "pkg:oci/app?repository_url=registry.example/acme/app", true],
    ["the repository without the name", "pkg:oci/app?repository_url=registry.example/acme", true],
    ["another repository", "pkg:oci/app?repository_url=registry.example/other/app", false],
    ["another tag", "pkg:oci/app?tag=v1.2.2", false],
    ["a platform that cannot be checked", "pkg:oci/app?arch=arm64", false],
    ["something that is no package URL", "openssl", false],
    ["a package URL with a typing error", "pkg:deb", false],
  ])("%s", (_, name, expected) => {
    expect(is(name)).toBe(expected);
  });

  test("lists packages of the artifact, and no others count", () => {
    expect(is("pkg:oci/app", ["pkg:deb/debian/openssl"])).toBe(true);
    expect(is("pkg:oci/app", ["pkg:deb/debian/bash"])).toBe(false);
    expect(is("pkg:oci/web", ["pkg:deb/debian/openssl"])).toBe(false);
  });

  test("that is another package with this one inside proves nothing about this one", () => {
    expect(is("pkg:deb/debian/nginx", ["pkg:deb/debian/openssl"])).toBe(false);
  });
});

describe.runIf(isSharedPresent)("a real VEX document", () => {
  const read = (path: string) => readVex({ path, bytes: readFileSync(join(reportFolder, path)) });
  const excusing = (path: string): string[] =>
    read(path)
      .filter(({ status }) => status === "not_affected" || status === "fixed")
      .flatMap(({ vulnerabilities }) => vulnerabilities[0] ?? []);

  test.each([
    [
      "openvex/all-statuses.json",
      ["CVE-2024-10001", "CVE-2024-10003", "CVE-2024-10005", "CVE-2024-10006"],
    ],
    [
      "openvex/five-statements-digest.json",
      ["CVE-2023-1255", "CVE-2023-2650", "CVE-2023-2975", "CVE-2023-3446", "CVE-2023-3817"],
    ],
    ["openvex/no-statement.json", []],
    ["openvex/oci-product.json", ["CVE-2022-3715"]],
    ["openvex/one-not-affected.json", ["CVE-2021-44228"]],
    ["openvex/one-statement.json", ["CVE-2024-10001"]],
    ["openvex/repository-url.json", ["CVE-2014-FAKE-1"]],
    ["openvex/two-statements-order.json", ["CVE-2021-44228"]],
    ["csaf/flag.json", ["CVE-2023-3817"]],
    ["csaf/known-affected.json", []],
    ["csaf/known-not-affected.json", ["CVE-2024-0001"]],
    ["cyclonedx-vex/analysis-1.4.json", ["SNYK-JAVA-COMFASTERXMLJACKSONCORE-32111"]],
    ["cyclonedx-vex/many-ratings.json", []],
    ["cyclonedx-vex/two-not-affected.json", ["CVE-2021-44228", "CVE-2022-27943"]],
  ])("%s excuses what it says", (path, expected) => {
    expect(excusing(path)).toEqual(expected);
  });

  test("csaf/security-advisory.json is an advisory and no VEX document", () => {
    expect(() => read("csaf/security-advisory.json")).toThrow(
      /its category is "csaf_security_advisory"; only documents of category csaf_vex/,
    );
  });

  test.each([
    [
      "openvex/five-statements-digest.json",
      "CVE-2023-1255",
      "pkg:apk/alpine/libssl3@3.0.8-r3",
      "docker.io/library/alpine",
      "sha256:124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126",
      true,
    ],
    [
      "openvex/five-statements-digest.json",
      "CVE-2023-1255",
      "pkg:apk/alpine/libssl3@3.0.8-r3",
      "docker.io/library/alpine",
      DIGEST,
      false,
    ],
    [
      "openvex/repository-url.json",
      "CVE-2014-FAKE-1",
      "pkg:deb/debian/bash@5",
      "docker.io/library/debian",
      "sha256:124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126",
      true,
    ],
    [
      "openvex/repository-url.json",
      "CVE-2014-FAKE-1",
      "pkg:deb/debian/bash@5",
      "registry.example/acme/debian",
      DIGEST,
      false,
    ],
    [
      "openvex/oci-product.json",
      "CVE-2022-3715",
      "pkg:deb/debian/bash@5.2?arch=amd64",
      "docker.io/library/debian",
      DIGEST,
      true,
    ],
    [
      "csaf/flag.json",
      "CVE-2023-3817",
      "pkg:apk/alpine/libcrypto3@3.0.8-r3?arch=x86_64&upstream=openssl&distro=alpine-3.17.3",
      "registry.example/acme/app",
      DIGEST,
      true,
    ],
    [
      "csaf/flag.json",
      "CVE-2023-3817",
      "pkg:apk/alpine/libcrypto3@3.0.8-r3?arch=aarch64&upstream=openssl&distro=alpine-3.17.3",
      "registry.example/acme/app",
      DIGEST,
      false,
    ],
    [
      "cyclonedx-vex/two-not-affected.json",
      "CVE-2021-44228",
      "pkg:maven/org.springframework.boot/spring-boot@2.6.0",
      "registry.example/acme/app",
      DIGEST,
      true,
    ],
  ])("%s, %s in %s of %s at %s: %s", (path, id, purl, repository, digest, expected) => {
    const about = read(path).find(({ vulnerabilities }) => vulnerabilities.includes(id));
    const matched = about?.products.some((product) =>
      matchProduct(product, { repository, digest, version: "v1" }, { name: "p", purl }),
    );

    expect(matched).toBe(expected);
  });
});
