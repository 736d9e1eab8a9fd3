import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { probeBackend } from "@floe/core";
import type { AuditBackendCheck } from "./audit-backend-contract.ts";
import {
  assertSameBytes,
  type BackendUnderTest,
  call,
  eventOf,
  failureOf,
  fill,
  readAll,
} from "./backend-under-test.ts";

/** The checks of what is done with a store besides reading and writing events. */
export function adminChecks(backend: BackendUnderTest): AuditBackendCheck[] {
  const check = (name: string, run: () => Promise<void>): AuditBackendCheck => ({ name, run });
  return [
    check("is found by floe's racing probe to be what it says", () =>
      backend.withStore(async ({ backend: store, another }) => {
        const seen = await probeBackend([store, await another()], {
          ...call(),
          chain: `floe-probe/${randomUUID()}`,
        });
        assert.deepEqual(seen.findings, [], "what the probe found");
        assert.equal(seen.capabilities.serialises, store.capabilities().serialises);
      }),
    ),
    check("reports nothing about a store that nobody has touched", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        await fill(store, chain, 3);
        if (!store.verifyStore) return;
        for await (const finding of store.verifyStore(chain, call()))
          assert.ok(!finding.tampering, `${finding.code}: ${finding.message}`);
      }),
    ),
    check("prunes a beginning, and neither frees its slots nor takes the newest event", () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        if (!store.prune) return;
        await fill(store, chain, 6);
        await failureOf(store.prune(chain, 5, call()), "pruning everything");
        await failureOf(store.prune(chain, 9, call()), "pruning more than there is");
        assert.equal((await readAll(store, chain)).length, 6, "nothing was removed");

        await store.prune(chain, 2, call());
        await store.prune(chain, 2, call());

        for (const client of [store, await another()]) {
          const left = await readAll(client, chain);
          assert.deepEqual(
            left.map(({ seq }) => seq),
            [3, 4, 5],
          );
          assertSameBytes(left[0]?.bytes as Uint8Array, eventOf("first", 3), "event 3");
          const head = await client.head(chain, call());
          assert.deepEqual([head?.seq, head?.count], [5, 6], "head and count");
        }
        const old = await store.claim(chain, 1, eventOf("late", 1), call()).catch(() => null);
        assert.notEqual(old?.status, "claimed", "a slot that was pruned");
        assert.equal((await store.claim(chain, 6, eventOf("a", 6), call())).status, "claimed");
      }),
    ),
  ];
}
