import { readFileSync } from "node:fs";
import type { FloePlugin, GateProvider } from "@floe/core/plugin";
import { SecurityConfig } from "./config.ts";
import { evaluateSecurity } from "./evaluate-security.ts";
import { VULNS } from "./readers/read-vulns.ts";
import { redactReport } from "./redact-report.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const securityScan: GateProvider<SecurityConfig> = {
  id: "security_scan",
  summary: "Security reports: Trivy, Grype, OSV-Scanner, npm audit, SARIF, CycloneDX, gitleaks",
  needsCommand: true,
  readsOutput: true,
  usesBaseline: (settings) => settings["new_only"] === true,
  redactReport,
  readsAttestations: [VULNS],
  config: SecurityConfig,
  create: (config, services) => ({
    evaluate: (subject, { signal }) =>
      evaluateSecurity(subject, config, { folder: services.cwd, now: services.now(), signal }),
  }),
};

/** The plugin: one gate, `security_scan`. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-gate-security-scan",
    version,
    description: "Judges an artifact by the reports of security scanners.",
  },
  gates: [securityScan],
} satisfies FloePlugin;
