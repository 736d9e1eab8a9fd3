import { expectTypeOf, test } from "vitest";
import type * as First from "../../api/plugin.first.api.d.ts";
import type * as Today from "../../src/contract/index.ts";

// Held by the type check of this file (`pnpm typecheck`); running it shows only that it is there.
test("what a plugin gives may be as in the first contract: additions to it are optional", () => {
  expectTypeOf<First.FloePlugin>().toExtend<Today.FloePlugin>();
  expectTypeOf<First.GateProvider>().toExtend<Today.GateProvider>();
  expectTypeOf<First.Gate>().toExtend<Today.Gate>();
  expectTypeOf<First.GateVerdict>().toExtend<Today.GateVerdict>();
  expectTypeOf<First.AuditBackendProvider>().toExtend<Today.AuditBackendProvider>();
  expectTypeOf<First.AuditBackend>().toExtend<Today.AuditBackend>();
});

test("what floe hands to a plugin has all that the first contract promised", () => {
  expectTypeOf<Today.GateSubject>().toExtend<First.GateSubject>();
  expectTypeOf<Today.GateRun>().toExtend<First.GateRun>();
  expectTypeOf<Today.GateReport>().toExtend<First.GateReport>();
  expectTypeOf<Today.PluginServices>().toExtend<First.PluginServices>();
  expectTypeOf<Today.AuditOpenOptions>().toExtend<First.AuditCallOptions>();
});
