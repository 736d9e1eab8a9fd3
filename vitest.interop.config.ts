import { defineConfig } from "vitest/config";

// A run of its own, apart from the projects: it needs the programs of scripts/install-peers.sh.
export default defineConfig({
  // Without "import", which Vite adds where it applies: named here, it would hold for what packages require as well. Without
  // "module": what the AWS SDK has there is for bundlers, and Node cannot load it.
  ssr: { resolve: { conditions: ["@floe/source", "node"] } },
  test: {
    name: "interop",
    include: ["interop/**/*.test.ts"],
    globalSetup: ["interop/support/postgres-cluster.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", ["json", { outputFile: ".reports/interop.json" }]],
  },
});
