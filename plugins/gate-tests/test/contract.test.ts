import { describeGateContract, fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import plugin from "../src/index.ts";
import { suite, testcase } from "./judge.ts";

const reports = (content: string) => [fakeReport("junit.xml", suite(testcase("pays", content)))];

describeGateContract(plugin, "tests", {
  packageJson: new URL("../package.json", import.meta.url),
  validConfigs: [{}, { min_tests: 50, max_failures: 2 }, { required_suites: ["e2e/**"] }],
  invalidConfigs: [
    { config: { min_tests: 0 }, path: ["min_tests"] },
    { config: { max_failures: -1 }, path: ["max_failures"] },
    { config: { max_skipped_percent: "20%" }, path: ["max_skipped_percent"] },
    { config: { required_suites: ["a", ""] }, path: ["required_suites", 1] },
  ],
  passing: { config: {}, subject: fakeSubject({ run: fakeRun(), reports: reports("") }) },
  failing: {
    config: {},
    subject: fakeSubject({ run: fakeRun({ exitCode: 1 }), reports: reports("<failure/>") }),
  },
  cannotJudge: {
    config: {},
    subject: fakeSubject({ run: fakeRun(), reports: reports("<skipped/>") }),
  },
});
