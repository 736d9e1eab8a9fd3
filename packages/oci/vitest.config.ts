import { defineConfig } from "vitest/config";

export default defineConfig({
  // Without `module`: what packages have under it is for bundlers, and Node cannot load it.
  ssr: { resolve: { conditions: ["@floe/source", "node", "import", "default"] } },
  test: { name: "oci", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
