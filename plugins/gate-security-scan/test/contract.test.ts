import { describeGateContract, fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import plugin from "../src/index.ts";
import { trivy, trivyVulnerability } from "./judge.ts";

const reports = (report: unknown) => [fakeReport("trivy.json", JSON.stringify(report))];

describeGateContract(plugin, "security_scan", {
  packageJson: new URL("../package.json", import.meta.url),
  validConfigs: [
    {},
    { block_on_severity: "high", ignore_unfixed: true, max: { medium: 50 }, unknown_as: "HIGH" },
    { block_on_severity: ["CRITICAL"], db_max_age: "72h", vex: ["vex/*.json"], new_only: true },
    { block_on: { kev: true, epss_above: 0.5, licenses: ["AGPL-*"] }, kev_file: "kev.json" },
  ],
  invalidConfigs: [
    { config: { unknown_as: "dreadful" }, path: ["unknown_as"] },
    { config: { block_on_severity: "unknown" }, path: ["block_on_severity"] },
    { config: { max: { medium: -1 } }, path: ["max", "medium"] },
    { config: { block_on: { epss_above: 50 } }, path: ["block_on", "epss_above"] },
    { config: { db_max_age: "three days" }, path: ["db_max_age"] },
    { config: { scanner_format: "snyk" }, path: ["scanner_format"] },
    { config: { vex: "vex.json" }, path: ["vex"] },
  ],
  passing: { config: {}, subject: fakeSubject({ run: fakeRun(), reports: reports(trivy([])) }) },
  failing: {
    config: {},
    subject: fakeSubject({ run: fakeRun(), reports: reports(trivy([trivyVulnerability()])) }),
  },
  cannotJudge: {
    config: {},
    subject: fakeSubject({ run: fakeRun(), reports: reports({ SchemaVersion: 2 }) }),
  },
});
