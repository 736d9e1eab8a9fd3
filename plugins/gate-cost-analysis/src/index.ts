import { readFileSync } from "node:fs";
import type { FloePlugin, GateProvider } from "@floe/core/plugin";
import { CostConfig } from "./config.ts";
import { evaluateCost } from "./evaluate-cost.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const costAnalysis: GateProvider<CostConfig> = {
  id: "cost_analysis",
  summary: "What it costs a month: JSON of Infracost, or of any tool in a simple format",
  needsCommand: true,
  readsOutput: true,
  usesBaseline: (settings) => settings["against"] === "target_env",
  config: CostConfig,
  create: (config) => ({
    evaluate: (subject, options) => evaluateCost(subject, config, options),
  }),
};

/** The plugin: one gate, `cost_analysis`. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-gate-cost-analysis",
    version,
    description: "Judges an artifact by what it costs a month.",
  },
  gates: [costAnalysis],
} satisfies FloePlugin;
