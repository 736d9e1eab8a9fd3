import assert from "node:assert/strict";
import type { FloePlugin, Gate, GateProvider, GateVerdict, StandardIssue } from "@floe/core/plugin";
import { fakeServices } from "./fake-services.ts";
import { deepFreeze } from "./freeze.ts";
import type { GateCase, GateContract } from "./gate-contract.ts";

/** One gate of a plugin, used as floe uses it: inputs frozen, every gate disposed of. */
export interface GateUnderTest {
  /** What the schema has against settings; empty if nothing. */
  findIssues(config: unknown): Promise<readonly StandardIssue[]>;
  /** Makes a gate, hands it over, and disposes of it. */
  withGate<Result>(config: unknown, work: (gate: Gate) => Promise<Result>): Promise<Result>;
  /** Judges a case with a gate of its own. */
  judge(one: GateCase): Promise<GateVerdict>;
}

/** Prepares a gate of a plugin for checks. The plugin is looked at only when something is asked. */
export function gateUnderTest(
  plugin: FloePlugin,
  gateId: string,
  contract: GateContract,
): GateUnderTest {
  const provider = (): GateProvider => {
    const found = plugin.gates?.find((gate) => gate.id === gateId);
    assert.ok(found !== undefined, `the plugin has no gate "${gateId}"`);
    // What its own schema returned is what `create` takes; no type can say so of a plugin that is only now known.
    return found as GateProvider;
  };
  const validate = (config: unknown) => provider().config["~standard"].validate(deepFreeze(config));

  const withGate: GateUnderTest["withGate"] = async (config, work) => {
    const result = await validate(config);
    if (result.issues !== undefined) {
      assert.fail(`its schema refuses ${JSON.stringify(config)}: ${JSON.stringify(result.issues)}`);
    }
    const services = contract.services?.() ?? fakeServices();
    const gate = await provider().create(deepFreeze(result.value), services);
    try {
      return await work(gate);
    } finally {
      await gate[Symbol.asyncDispose]?.();
    }
  };
  return {
    findIssues: async (config) => (await validate(config)).issues ?? [],
    withGate,
    judge: (one) => withGate(one.config, (gate) => evaluate(gate, one)),
  };
}

/** Judges a case; the gate gets a frozen copy of it. */
export async function evaluate(
  gate: Gate,
  one: GateCase,
  signal: AbortSignal = new AbortController().signal,
): Promise<GateVerdict> {
  return await gate.evaluate(deepFreeze(structuredClone(one.subject)), { signal });
}
