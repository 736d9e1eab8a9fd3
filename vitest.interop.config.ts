import { defineConfig } from "vitest/config";

// A run of its own, apart from the projects: it needs the programs of scripts/install-peers.sh.
export default defineConfig({
  ssr: { resolve: { conditions: ["@floe/source", "node", "import", "module", "default"] } },
  test: {
    name: "interop",
    include: ["interop/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", ["json", { outputFile: ".reports/interop.json" }]],
  },
});
