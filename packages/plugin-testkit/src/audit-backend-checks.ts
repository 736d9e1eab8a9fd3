import assert from "node:assert/strict";
import type { FloePlugin } from "@floe/core/plugin";
import { adminChecks } from "./audit-admin-checks.ts";
import type { AuditBackendCheck, AuditBackendContract } from "./audit-backend-contract.ts";
import { claimChecks } from "./audit-claim-checks.ts";
import { faultChecks } from "./audit-fault-checks.ts";
import { processChecks } from "./audit-process-checks.ts";
import { readChecks } from "./audit-read-checks.ts";
import { type BackendUnderTest, backendUnderTest } from "./backend-under-test.ts";
import { checkDescriptor, checkPluginShape } from "./check-plugin.ts";
import { deepFreeze } from "./freeze.ts";
import { withoutOutput } from "./quiet.ts";

const UNKNOWN_KEY = "floe_testkit_unknown_key";

/**
 * Lists the checks of the contract for one audit backend of a plugin that serialises its writers (`serialises: strong`). They
 * need no test runner: each has a name, and a `run` that rejects with an `AssertionError`. Run them one after the other.
 */
export function auditBackendChecks(
  plugin: FloePlugin,
  id: string,
  contract: AuditBackendContract,
): readonly AuditBackendCheck[] {
  const backend = backendUnderTest(plugin, id, contract);
  const check = (name: string, run: () => Promise<void>): AuditBackendCheck => ({ name, run });
  return [
    check("exports a plugin of the contract's shape", async () => checkPluginShape(plugin)),
    check("declares in package.json what it exports", () =>
      checkDescriptor(plugin, contract.packageJson),
    ),
    check("accepts valid settings and refuses others, naming the path", () =>
      checkSettings(backend, contract),
    ),
    ...claimChecks(backend, contract),
    ...readChecks(backend, contract),
    ...faultChecks(backend, contract),
    ...adminChecks(backend),
    ...processChecks(backend, id, contract),
    check("writes nothing to the terminal", async () => {
      const [quiet] = claimChecks(backend, contract);
      const { written } = await withoutOutput(async () => await quiet?.run());
      assert.deepEqual(written, [], "the terminal is floe's");
    }),
  ];
}

async function checkSettings(
  backend: BackendUnderTest,
  contract: AuditBackendContract,
): Promise<void> {
  const { validConfigs, invalidConfigs } = contract;
  assert.ok(validConfigs.length > 0, "the contract needs at least one valid config");
  for (const config of validConfigs) {
    const issues = await backend.findIssues(deepFreeze(config));
    assert.equal(issues.length, 0, `refused: ${JSON.stringify(config)}: ${JSON.stringify(issues)}`);
    assert.ok(typeof config === "object" && config !== null, "settings are a map");
    const unknown = await backend.findIssues({ ...config, [UNKNOWN_KEY]: true });
    assert.ok(
      JSON.stringify(unknown).includes(UNKNOWN_KEY),
      `the unknown key ${UNKNOWN_KEY} was not refused by name: a typing error would have no effect and nobody would know`,
    );
  }
  for (const { config, path } of invalidConfigs) {
    const issues = await backend.findIssues(config);
    assert.ok(issues.length > 0, `not refused: ${JSON.stringify(config)}`);
    const paths = issues.map((issue) =>
      JSON.stringify(
        (issue.path ?? []).map((part) => (typeof part === "object" ? part.key : part)),
      ),
    );
    assert.ok(
      paths.includes(JSON.stringify(path)),
      `the error names ${paths.join(", ")}, not ${JSON.stringify(path)}, for ${JSON.stringify(config)}`,
    );
  }
}
