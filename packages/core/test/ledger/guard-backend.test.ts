import { expect, test } from "vitest";
import type { AuditBackend, AuditFailure } from "../../src/contract/index.ts";
import { guardBackend } from "../../src/ledger/guard-backend.ts";
import { createLedgerStore } from "../../src/ledger/ledger-store.ts";

const call = () => ({ signal: new AbortController().signal });

/** A store that answers as a test says; what it does not say never comes. */
function guarded(answers: Partial<AuditBackend>) {
  const never = () => new Promise<never>(() => undefined);
  const backend: AuditBackend = {
    capabilities: () => ({
      serialises: "strong",
      durable: "fsync",
      worm: "none",
      scope: "shared",
      maxEventBytes: 1,
    }),
    claim: never,
    head: never,
    read: async function* () {
      yield await never();
    },
    chains: async function* () {},
    ...answers,
  };
  const store = createLedgerStore("acme", async () => backend);
  return guardBackend(store, () => "project/repository#prod", "prod", 50);
}

test("a store that ignores its signal and never answers is given up at the deadline", async () => {
  const silent = guarded({});

  const unavailable = { code: "FLOE_LEDGER_UNAVAILABLE", exitCode: 15 };
  await expect(silent.head("prod", call())).rejects.toMatchObject(unavailable);
  await expect(
    silent.read("prod", 0, 0, call())[Symbol.asyncIterator]().next(),
  ).rejects.toMatchObject(unavailable);
  // A claim may have arrived all the same.
  await expect(silent.claim("prod", 0, new Uint8Array(), call())).rejects.toMatchObject({
    ...unavailable,
    indeterminate: true,
    message: expect.stringContaining("no answer within 0.05 s"),
  });
});

test.each<[AuditFailure | undefined, string, number]>([
  [undefined, "FLOE_LEDGER_UNAVAILABLE", 15],
  ["unavailable", "FLOE_LEDGER_UNAVAILABLE", 15],
  ["denied", "FLOE_LEDGER_UNAVAILABLE", 15],
  ["refused", "FLOE_LEDGER_UNAVAILABLE", 15],
  ["unauthenticated", "FLOE_LEDGER_UNAUTHENTICATED", 14],
  ["corrupt", "FLOE_LEDGER_EVENT_INVALID", 18],
  ["of a kind from tomorrow" as AuditFailure, "FLOE_LEDGER_UNAVAILABLE", 15],
])("a failure called %s ends with %s", async (failure, code, exitCode) => {
  const failing = guarded({
    head: () => Promise.reject(Object.assign(new Error("no"), { failure, hint: "Do this." })),
  });

  await expect(failing.head("prod", call())).rejects.toMatchObject({
    code,
    exitCode,
    hint: "Do this.",
  });
});

test("whoever interrupts gets their own reason back, at once", async () => {
  const abort = new AbortController();
  const asked = guarded({}).head("prod", abort);
  abort.abort(new Error("interrupted"));

  await expect(asked).rejects.toThrow("interrupted");
});

test("the store knows the chain by the name that the ledger has there", async () => {
  const names: string[] = [];
  const store = guarded({
    head: async (chain) => {
      names.push(chain);
      return null;
    },
  });

  await store.head("prod", call());

  expect(names).toEqual(["project/repository#prod"]);
});
