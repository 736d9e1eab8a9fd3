import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // vitest leaves one core to itself, which is half of a small machine; tests of the command line mostly wait.
    maxWorkers: 2,
    projects: ["packages/*", "plugins/*", "apps/*", "scripts"],
    reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
  },
});
