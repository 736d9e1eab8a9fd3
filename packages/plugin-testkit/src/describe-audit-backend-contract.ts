import type { FloePlugin } from "@floe/core/plugin";
import { describe, test } from "vitest";
import { auditBackendChecks } from "./audit-backend-checks.ts";
import type { AuditBackendContract } from "./audit-backend-contract.ts";

/** Some checks start processes, and race them; the five seconds that vitest gives a test are too few on a busy machine. */
const CHECK_LIMIT_MS = 120_000;

/**
 * Writes a vitest suite with the checks that every audit backend has to stand. For another test runner see
 * {@link auditBackendChecks}.
 *
 * @example
 * describeAuditBackendContract(plugin, "sqlite", {
 *   packageJson: new URL("../package.json", import.meta.url),
 *   module: new URL("../src/index.ts", import.meta.url),
 *   validConfigs: [{}],
 *   invalidConfigs: [{ config: { path: 1 }, path: ["path"] }],
 *   makeStore: async () => ({ config: { path: join(await newFolder(), "audit.db") }, [Symbol.asyncDispose]: removeIt }),
 * });
 */
export function describeAuditBackendContract(
  plugin: FloePlugin,
  id: string,
  contract: AuditBackendContract,
): void {
  describe(`audit backend ${id}`, () => {
    for (const check of auditBackendChecks(plugin, id, contract))
      test(check.name, { timeout: CHECK_LIMIT_MS }, check.run);
  });
}
