import type { FloePlugin } from "@floe/core/plugin";
import { describe, test } from "vitest";
import { gateChecks } from "./gate-checks.ts";
import type { GateContract } from "./gate-contract.ts";

/**
 * Writes a vitest suite with the checks that every gate has to stand. For another test runner see {@link gateChecks}.
 *
 * @example
 * describeGateContract(plugin, "tests", {
 *   packageJson: new URL("../package.json", import.meta.url),
 *   validConfigs: [{}, { min_tests: 50 }],
 *   invalidConfigs: [{ config: { min_tests: "many" }, path: ["min_tests"] }],
 *   passing: { config: {}, subject: fakeSubject({ run: fakeRun() }) },
 *   failing: { config: {}, subject: fakeSubject({ run: fakeRun({ exitCode: 1 }) }) },
 * });
 */
export function describeGateContract(
  plugin: FloePlugin,
  gateId: string,
  contract: GateContract,
): void {
  describe(`gate ${gateId}`, () => {
    for (const check of gateChecks(plugin, gateId, contract)) test(check.name, check.run);
  });
}
