import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@floe/source", "node", "import", "module", "default"] } },
  test: { name: "telemetry", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
