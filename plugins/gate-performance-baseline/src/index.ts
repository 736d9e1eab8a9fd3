import { readFileSync } from "node:fs";
import type { FloePlugin, GateProvider } from "@floe/core/plugin";
import { PerformanceConfig } from "./config.ts";
import { evaluatePerformance } from "./evaluate-performance.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const performanceBaseline: GateProvider<PerformanceConfig> = {
  id: "performance_baseline",
  summary:
    "Speed: reports of benchmarks and load tests, against limits and what runs in the target",
  needsCommand: true,
  usesBaseline: true,
  config: PerformanceConfig,
  create: (config) => ({
    evaluate: async (subject, options) => evaluatePerformance(subject, config, options),
  }),
};

/** The plugin: one gate, `performance_baseline`. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-gate-performance-baseline",
    version,
    description: "Judges an artifact by its speed.",
  },
  gates: [performanceBaseline],
} satisfies FloePlugin;
