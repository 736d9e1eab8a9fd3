import { readFileSync } from "node:fs";
import type { FloePlugin, GateProvider } from "@floe/core/plugin";
import { TestsConfig } from "./config.ts";
import { evaluateTests } from "./evaluate-tests.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const tests: GateProvider<TestsConfig> = {
  id: "tests",
  summary:
    "Test results: reports of the gate's command (JUnit XML, TAP, CTRF, go, jest, vitest, mocha), or its exit status",
  needsCommand: true,
  config: TestsConfig,
  create: (config) => ({
    evaluate: (subject, options) => evaluateTests(subject, config, options),
  }),
};

/** The plugin: one gate, `tests`. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-gate-tests",
    version,
    description: "Judges an artifact by its test results.",
  },
  gates: [tests],
} satisfies FloePlugin;
