/** The kit for `node:test`; it needs no vitest. */
import { describe, test } from "node:test";
import type { FloePlugin } from "@floe/core/plugin";
import { auditBackendChecks } from "./audit-backend-checks.ts";
import type { AuditBackendContract } from "./audit-backend-contract.ts";
import { gateChecks } from "./gate-checks.ts";
import type { GateContract } from "./gate-contract.ts";

export * from "./checks.ts";

/** Writes a suite of `node:test` with the checks that every gate has to stand. */
export function describeGateContract(
  plugin: FloePlugin,
  gateId: string,
  contract: GateContract,
): void {
  void describe(`gate ${gateId}`, () => {
    for (const check of gateChecks(plugin, gateId, contract)) void test(check.name, check.run);
  });
}

/** Writes a suite of `node:test` with the checks that every audit backend has to stand. */
export function describeAuditBackendContract(
  plugin: FloePlugin,
  id: string,
  contract: AuditBackendContract,
): void {
  void describe(`audit backend ${id}`, () => {
    for (const check of auditBackendChecks(plugin, id, contract)) void test(check.name, check.run);
  });
}
