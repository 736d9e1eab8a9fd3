import { describeGateContract, fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import plugin from "../src/index.ts";

const reports = (report: unknown) => [fakeReport("cost.json", JSON.stringify(report))];
const priced = { currency: "USD", monthly: "100", previous: "90" };

describeGateContract(plugin, "cost_analysis", {
  packageJson: new URL("../package.json", import.meta.url),
  validConfigs: [
    {},
    { currency: "EUR", against: "target_env", max_increase: "200.50", max_increase_percent: "10%" },
    { max_monthly: 5000, budget: { monthly: 5000, warn_at: "80%" }, max_unpriced_resources: 0 },
    { against: "none" },
  ],
  invalidConfigs: [
    { config: { currency: "euro" }, path: ["currency"] },
    { config: { against: "yesterday" }, path: ["against"] },
    { config: { max_monthly: -1 }, path: ["max_monthly"] },
    { config: { max_increase: "lots" }, path: ["max_increase"] },
    { config: { max_increase_percent: "ten" }, path: ["max_increase_percent"] },
    { config: { budget: { warn_at: 80 } }, path: ["budget", "monthly"] },
    { config: { max_unpriced_resources: 0.5 }, path: ["max_unpriced_resources"] },
    { config: { against: "none", max_increase: 5 }, path: ["max_increase"] },
  ],
  passing: { config: {}, subject: fakeSubject({ run: fakeRun(), reports: reports(priced) }) },
  failing: {
    config: { max_monthly: 99 },
    subject: fakeSubject({ run: fakeRun(), reports: reports(priced) }),
  },
  cannotJudge: {
    config: { currency: "EUR" },
    subject: fakeSubject({ run: fakeRun(), reports: reports(priced) }),
  },
});
