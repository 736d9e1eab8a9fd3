import type { FloePlugin } from "@floe/core/plugin";
import { describe, test } from "vitest";
import { auditBackendChecks } from "./audit-backend-checks.ts";
import type { AuditBackendContract } from "./audit-backend-contract.ts";

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
    for (const check of auditBackendChecks(plugin, id, contract)) test(check.name, check.run);
  });
}
