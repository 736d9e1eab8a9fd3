import plugin from "@floe/plugin-gate-security-scan";
import { fakeReport, fakeRun, fakeServices, fakeSubject } from "@floe/plugin-testkit";
import { type Measured, race } from "./race.ts";

const MATCHES = 1300;
const BYTES = 4 * 1024 ** 2;

/** How long the gate `security_scan` takes for a report of Grype of 4 MB, from its bytes to the verdict. */
export async function measureScan(rounds: number, signal: AbortSignal): Promise<Measured[]> {
  const subject = fakeSubject();
  const report = fakeReport("grype.json", grypeReport(subject.artifact.digest));
  if (report.bytes.byteLength < BYTES) throw new Error("the report is too small");
  const [provider] = plugin.gates;
  if (!provider) throw new Error("the plugin has no gate");
  const settings = { block_on_severity: "critical", ignore_unfixed: true };
  const checked = await provider.config["~standard"].validate(settings);
  if (checked.issues) throw new Error("the settings are not valid");
  const gate = await provider.create(checked.value, fakeServices());
  const run = async (): Promise<void> => {
    const bytes = provider.redactReport?.(report) ?? report.bytes;
    const judged = { ...subject, run: fakeRun(), reports: [{ ...report, bytes }] };
    const { metrics } = await gate.evaluate(judged, { signal });
    if (metrics?.["total"] !== MATCHES / 2) throw new Error("not all findings were judged");
  };
  return await race([{ name: "judge 4 MB of Grype", side: "floe", run }], { rounds });
}

/** A report as Grype writes it: most of it is text that nobody judges by. Synthetic. */
function grypeReport(manifestDigest: string): string {
  const matches = Array.from({ length: MATCHES }, (_, index) => {
    const id = `CVE-2024-${10_000 + index}`;
    const name = `package-${index % 300}`;
    const links = Array.from({ length: 12 }, (__, at) => `https://example.org/${id}/${at}/${name}`);
    const cvss = { version: "3.1", vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" };
    const vulnerability = {
      id,
      dataSource: links[0],
      severity: "Medium",
      urls: links,
      description: "What it is about, in a few sentences. ".repeat(16),
      cvss: [cvss, cvss],
      epss: [{ cve: id, epss: 0.001, percentile: 0.2, date: "2026-01-01" }],
      fix:
        index % 2 === 0
          ? { versions: ["2.0"], state: "fixed" }
          : { versions: [], state: "not-fixed" },
      risk: 1.2,
    };
    return {
      vulnerability,
      relatedVulnerabilities: [{ id, severity: "Medium", urls: links, cvss: [cvss] }],
      matchDetails: [{ type: "exact-direct-match", matcher: "dpkg-matcher" }],
      artifact: {
        id: `artifact-${index}`,
        name,
        version: "1.0",
        type: "deb",
        purl: `pkg:deb/debian/${name}@1.0?arch=amd64`,
        locations: [{ path: "/var/lib/dpkg/status", layerID: manifestDigest }],
      },
    };
  });
  const source = { type: "image", target: { manifestDigest } };
  const db = { status: { built: "2026-03-04T00:00:00Z" } };
  return JSON.stringify(
    { matches, source, descriptor: { name: "grype", version: "1.0", db } },
    null,
    1,
  );
}
