import assert from "node:assert/strict";
import type { AuditBackendCheck, AuditBackendContract } from "./audit-backend-contract.ts";
import {
  assertSameBytes,
  assertTaken,
  type BackendUnderTest,
  call,
  eventOf,
  failureOf,
  fill,
  newChain,
  readAll,
} from "./backend-under-test.ts";

const WRITERS = 16;

/** The checks of the one primitive: a slot is claimed exactly once. */
export function claimChecks(
  backend: BackendUnderTest,
  contract: AuditBackendContract,
): AuditBackendCheck[] {
  const { rounds = 50 } = contract;
  const check = (name: string, run: () => Promise<void>): AuditBackendCheck => ({ name, run });
  return [
    check("gives an empty slot to the first who claims it", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        const claim = await store.claim(chain, 0, eventOf("a", 0), call());

        assert.equal(claim.status, "claimed");
        assert.equal(claim.status === "claimed" && claim.alreadyMine, false, "it was empty before");
      }),
    ),
    check("says alreadyMine to who claims a slot again with the same bytes", () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        await fill(store, chain, 2);

        for (const client of [store, await another()]) {
          const again = await client.claim(chain, 0, eventOf("first", 0), call());
          assert.equal(again.status, "claimed");
          assert.equal(again.status === "claimed" && again.alreadyMine, true, "alreadyMine");
        }
      }),
    ),
    check("shows the winner's bytes to who claims a slot with others, and keeps them", () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        const [first] = await fill(store, chain, 2);
        const winner = first as Uint8Array;

        for (const client of [store, await another()]) {
          assertTaken(await client.claim(chain, 0, eventOf("b", 0), call()), winner, "slot 0");
          // A shorter and a longer one that begin alike: a store that compares a part would take them for the same.
          for (const other of [winner.slice(0, -1), Buffer.concat([winner, Buffer.from(".")])])
            assertTaken(
              await client.claim(chain, 0, other, call()),
              winner,
              "slot 0, nearly alike",
            );
        }
        const [entry] = await readAll(store, chain, 0, 0);
        assertSameBytes(entry?.bytes as Uint8Array, winner, "slot 0 afterwards");
      }),
    ),
    check(`lets exactly one of ${WRITERS} win each of ${rounds} slots`, () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        const clients = [store, await another(), await another(), await another()];
        for (let seq = 0; seq < rounds; seq += 1) {
          const mine = Array.from({ length: WRITERS }, (_, writer) => eventOf(writer, seq));
          const answers = await Promise.all(
            mine.map((bytes, writer) =>
              (clients[writer % clients.length] ?? store).claim(chain, seq, bytes, call()),
            ),
          );
          const winners = mine.filter((_, writer) => answers[writer]?.status === "claimed");
          assert.equal(winners.length, 1, `slot ${seq} has ${winners.length} winners`);
          for (const answer of answers)
            if (answer.status === "taken")
              assertSameBytes(answer.bytes, winners[0] as Uint8Array, `a loser of slot ${seq}`);
        }
        const entries = await readAll(store, chain);
        assert.deepEqual(
          entries.map((entry) => entry.seq),
          Array.from({ length: rounds }, (_, seq) => seq),
          "the slots afterwards",
        );
      }),
    ),
    check("refuses a claim that would leave a gap", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        await failureOf(store.claim(chain, 1, eventOf("a", 1), call()), "slot 1 of an empty chain");
        await fill(store, chain, 2);

        await failureOf(store.claim(chain, 3, eventOf("a", 3), call()), "slot 3 after slot 1");
        assert.equal((await store.head(chain, call()))?.seq, 1, "the head afterwards");
        const next = await store.claim(chain, 2, eventOf("a", 2), call());
        assert.equal(next.status, "claimed", "the slot that was free");
      }),
    ),
    check("refuses slots that are no slots", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        for (const seq of [-1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])
          await failureOf(store.claim(chain, seq, eventOf("a", 0), call()), `slot ${seq}`);
        assert.equal(await store.head(chain, call()), null, "nothing was stored");
      }),
    ),
    check("takes an event of its largest size, and refuses a larger one", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        const { maxEventBytes } = store.capabilities();
        assert.ok(
          Number.isSafeInteger(maxEventBytes) && maxEventBytes >= 64 * 1024,
          `maxEventBytes is ${maxEventBytes}; floe's events have up to 64 KiB`,
        );
        const largest = new Uint8Array(maxEventBytes).fill(0x61);
        await failureOf(
          store.claim(chain, 0, new Uint8Array(maxEventBytes + 1), call()),
          "one byte too many",
        );
        assert.equal(await store.head(chain, call()), null, "nothing was stored");

        assert.equal((await store.claim(chain, 0, largest, call())).status, "claimed");
        const [entry] = await readAll(store, chain);
        assertSameBytes(entry?.bytes as Uint8Array, largest, "the largest event");
      }),
    ),
    check("keeps chains apart whose names are alike", () =>
      backend.withStore(async ({ backend: store }) => {
        const base = newChain();
        const names = [
          ...[base, `${base}/`, `${base}/0`, `${base}#`, `${base}%2F`, `${base}.000000000000`],
          ...[
            `${base}\u00e9`,
            `${base}e\u0301`,
            base.toUpperCase(),
            `${base} `,
            `${base}\u{1f30a}`,
            `a/../${base}`,
          ],
          ...[`${base}'--`, `${base}_`, `${base}*`, `${base}\\`],
        ];
        for (const [index, name] of names.entries()) {
          const claim = await store.claim(name, 0, eventOf(index, 0), call());
          assert.equal(claim.status, "claimed", `slot 0 of ${JSON.stringify(name)}`);
        }
        for (const [index, name] of names.entries()) {
          const entries = await readAll(store, name);
          assert.equal(entries.length, 1, `the chain ${JSON.stringify(name)}`);
          assertSameBytes(entries[0]?.bytes as Uint8Array, eventOf(index, 0), JSON.stringify(name));
          assert.equal((await store.head(name, call()))?.count, 1, JSON.stringify(name));
        }
        const listed = new Set<string>();
        for await (const name of store.chains(call())) listed.add(name);
        assert.deepEqual(
          names.filter((name) => !listed.has(name)),
          [],
          "chains that chains() does not list",
        );
      }),
    ),
  ];
}
