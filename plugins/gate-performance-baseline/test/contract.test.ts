import { describeGateContract, fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import plugin from "../src/index.ts";
import { evidence, generic } from "./judge.ts";

const TEN = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
const subject = (samples: readonly number[]) =>
  fakeSubject({
    run: fakeRun(),
    reports: [fakeReport("bench.json", generic(samples))],
    baseline: evidence([generic(TEN)]),
  });

describeGateContract(plugin, "performance_baseline", {
  packageJson: new URL("../package.json", import.meta.url),
  validConfigs: [
    {},
    {
      metrics: [
        { name: "latency.p95", max: 300, max_regression_percent: 10, max_regression_abs: 5 },
      ],
    },
    { min_samples: 20, min_requests: 500, max_error_rate: 0, repeat: 20, runner_class: "ci-large" },
  ],
  invalidConfigs: [
    { config: { min_samples: 1 }, path: ["min_samples"] },
    { config: { max_error_rate: 2 }, path: ["max_error_rate"] },
    { config: { metrics: [{ name: "a", better: "faster" }] }, path: ["metrics", 0, "better"] },
    { config: { repeat: 0 }, path: ["repeat"] },
  ],
  passing: { config: {}, subject: subject(TEN) },
  failing: { config: {}, subject: subject(TEN.map((ms) => ms * 2)) },
  cannotJudge: {
    config: {},
    subject: fakeSubject({ run: fakeRun(), reports: [fakeReport("bench.json", "")] }),
  },
});
