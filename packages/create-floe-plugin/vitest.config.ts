import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@floe/source", "node", "import", "module", "default"] } },
  test: { name: "create-floe-plugin", include: ["test/**/*.test.ts"] },
});
