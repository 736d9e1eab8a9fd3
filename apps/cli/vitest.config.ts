import { defineConfig } from "vitest/config";

export default defineConfig({
  // Without "module": what the AWS SDK has there is for bundlers, and Node cannot load it.
  ssr: { resolve: { conditions: ["@floe/source", "node"] } },
  test: {
    name: "cli",
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    // Each test has a folder of its own and mostly waits for the processes that it starts.
    sequence: { concurrent: true },
    maxConcurrency: 3,
  },
});
