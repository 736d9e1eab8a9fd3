import { randomUUID } from "node:crypto";
import { probeBackend } from "@floe/core";
import type { AuditBackendProvider } from "@floe/core/plugin";
import { describe, expect, test } from "vitest";
import { openBackend } from "../src/backend-under-test.ts";
import { auditBackendChecks } from "../src/checks.ts";
import { sampleAuditContract } from "./sample-audit-contract.ts";
import plugin, { type Flaw, type SampleAuditConfig } from "./sample-audit-plugin.ts";

/** Runs one check on the sample backend with a flaw and returns what it has against it; `null` if nothing. */
async function complaint(where: "memory" | "folder", flaw: Flaw, name: string): Promise<unknown> {
  const checks = auditBackendChecks(plugin, "sample", await sampleAuditContract(where, flaw));
  const check = checks.find((one) => one.name === name);
  if (!check) throw new Error(`no check is named ${name}`);
  return await check.run().then(
    () => null,
    (error: unknown) => error,
  );
}

describe("the kit finds a backend that", () => {
  test.each<[Flaw, string]>([
    [
      "ignores-the-condition",
      "shows the winner's bytes to who claims a slot with others, and keeps them",
    ],
    ["racy", "lets exactly one of 16 win each of 20 slots"],
    ["loses-bytes", "gives back every byte as it was written"],
    ["reorders", "reads 1100 events in ascending order, whole and in parts"],
    ["accepts-gaps", "refuses a claim that would leave a gap"],
    ["mixes-chains", "keeps chains apart whose names are alike"],
    ["stale-head", "knows no head of an empty chain, and the newest of any other"],
    ["retries-unknown", "calls a claim indeterminate whose answer was lost, and then its own"],
    ["never-gives-up", "ends every call when its signal says so, though the store never answers"],
    [
      "forgets-when-pruned",
      "prunes a beginning, and neither frees its slots nor takes the newest event",
    ],
    ["ignores-abort", "rejects at once when the signal is already aborted, and stores nothing"],
    ["takes-any-size", "takes an event of its largest size, and refuses a larger one"],
  ])("%s", async (flaw, check) => {
    expect(await complaint("memory", flaw, check)).toBeInstanceOf(Error);
  });

  test("lets two processes win a slot", async () => {
    const check = "lets exactly one of 4 processes win each slot";
    expect(await complaint("folder", "racy", check)).toBeInstanceOf(Error);
  });
});

describe("the race probe", () => {
  const provider = plugin.auditBackends?.[0] as AuditBackendProvider;
  const probe = async (flaw?: Flaw) => {
    const config: SampleAuditConfig = { memory: randomUUID(), ...(flaw ? { flaw } : {}) };
    const clients = [
      await openBackend(provider, config, "/"),
      await openBackend(provider, config, "/"),
    ] as const;
    const { signal } = new AbortController();
    return await probeBackend([...clients], { chain: "floe-probe/1", signal });
  };

  test("believes a store that serialises", async () => {
    expect(await probe()).toMatchObject({ findings: [], capabilities: { serialises: "strong" } });
  });

  test.each<[Flaw, RegExp]>([
    ["ignores-the-condition", /^16 of 16 writers won slot 0$/],
    ["racy", /^\d+ of 16 writers won slot 0$/],
    ["accepts-gaps", /^slot 13 could be claimed while slot 12 was empty$/],
  ])("calls a store advisory that %s", async (flaw, finding) => {
    const { capabilities, findings } = await probe(flaw);

    expect(capabilities.serialises).toBe("advisory");
    expect(findings[0]).toMatch(finding);
  });

  test("says nothing about a store that does not answer", async () => {
    const { signal } = new AbortController();
    const dead = {
      ...(await openBackend(provider, { memory: "dead" }, "/")),
      head: () => Promise.reject(new Error("nobody is there")),
    };

    await expect(probeBackend([dead], { chain: "floe-probe/1", signal })).rejects.toThrow(
      "nobody is there",
    );
  });
});
