import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@floe/source", "node", "module"] } },
  test: { name: "plugin-audit-postgres", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
