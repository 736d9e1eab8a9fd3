import { defineConfig } from "vitest/config";

export default defineConfig({
  // Without "module": what the AWS SDK has there is for bundlers, and Node cannot load it.
  ssr: { resolve: { conditions: ["@floe/source", "node"] } },
  test: { name: "plugin-audit-s3", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
