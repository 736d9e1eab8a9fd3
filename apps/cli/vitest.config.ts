import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@floe/source", "node", "import", "module", "default"] } },
  test: {
    name: "cli",
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    // Each test has a folder of its own and mostly waits for the processes that it starts.
    sequence: { concurrent: true },
    maxConcurrency: 3,
  },
});
