import assert from "node:assert/strict";
import type { AuditBackendCheck, AuditBackendContract } from "./audit-backend-contract.ts";
import {
  assertSameBytes,
  type BackendUnderTest,
  call,
  eventOf,
  failureOf,
  fill,
  readAll,
} from "./backend-under-test.ts";

/** More than any page that a store is likely to read at a time, and few enough for a test. */
const MANY = 1100;

/** The checks of what is read, and of how a client behaves. */
export function readChecks(
  backend: BackendUnderTest,
  { abortLimitMs = 2000 }: AuditBackendContract,
): AuditBackendCheck[] {
  const check = (name: string, run: () => Promise<void>): AuditBackendCheck => ({ name, run });
  return [
    check("gives back every byte as it was written", () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        const written = [
          new Uint8Array([0, 255, 0, 10, 13, 0]),
          Uint8Array.from({ length: 256 }, (_, byte) => byte),
          new TextEncoder().encode('{"a":"\\u0000 é 🌊 \\r\\n"}\r\n'),
          new TextEncoder().encode("\ufeff# not a byte order mark\n"),
          Uint8Array.from({ length: 16 * 1024 }, (_, index) => (index * 31) % 256),
          new Uint8Array([0x7b]),
        ];
        // Views of a larger buffer: what stands around them is not theirs.
        for (const [seq, bytes] of written.entries()) {
          const around = new Uint8Array(bytes.byteLength + 14).fill(0x21);
          around.set(bytes, 7);
          await store.claim(chain, seq, around.subarray(7, 7 + bytes.byteLength), call());
        }

        for (const client of [store, await another()]) {
          const entries = await readAll(client, chain);
          assert.equal(entries.length, written.length, "the number of events");
          for (const [seq, bytes] of written.entries())
            assertSameBytes(entries[seq]?.bytes as Uint8Array, bytes, `event ${seq}`);
        }
      }),
    ),
    check(`reads ${MANY} events in ascending order, whole and in parts`, () =>
      backend.withStore(async ({ backend: store, chain }) => {
        await fill(store, chain, MANY);
        const all = Array.from({ length: MANY }, (_, seq) => seq);

        assert.deepEqual(
          (await readAll(store, chain)).map(({ seq }) => seq),
          all,
        );
        const parts: number[] = [];
        for (let from = MANY - 70; from < MANY; from += 7) {
          const part = await readAll(store, chain, from, from + 6);
          parts.push(...part.map(({ seq }) => seq));
          for (const { seq, bytes } of part)
            assertSameBytes(bytes, eventOf("first", seq), `event ${seq}`);
        }
        assert.deepEqual(parts, all.slice(-70), "read seven at a time");
        assert.deepEqual(
          (await readAll(store, chain, 1000, 1000)).map(({ seq }) => seq),
          [1000],
        );
        assert.deepEqual(
          (await readAll(store, chain, MANY - 3)).map(({ seq }) => seq),
          all.slice(-3),
        );
        assert.deepEqual(await readAll(store, chain, MANY, MANY + 5), [], "beyond the end");
        assert.deepEqual(await readAll(store, chain, 5, 4), [], "from after to");
        const head = await store.head(chain, call());
        assert.deepEqual([head?.seq, head?.count, head?.entries.length], [MANY - 1, MANY, 1]);
      }),
    ),
    check("can be left in the middle of reading", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        await fill(store, chain, 40);
        for await (const { seq } of store.read(chain, 0, undefined, call())) if (seq === 3) break;

        // Whoever reads slowly must not keep others from writing.
        for await (const { seq } of store.read(chain, 0, undefined, call())) {
          if (seq > 0) break;
          const claim = await store.claim(chain, 40, eventOf("late", 40), call());
          assert.equal(claim.status, "claimed", "a claim while somebody reads");
        }
      }),
    ),
    check("knows no head of an empty chain, and the newest of any other", () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        const second = await another();
        assert.equal(await store.head(chain, call()), null);
        assert.deepEqual(await readAll(store, chain), []);

        for (let seq = 0; seq < 5; seq += 1) {
          await store.claim(chain, seq, eventOf("a", seq), call());
          // What was acknowledged to one client is there for every other, at once.
          const head = await second.head(chain, call());
          assert.equal(head?.seq, seq, "the head that a second client sees");
          assert.equal(head.count, seq + 1, "the number of events");
          assert.equal(head.entries.length, 1, "a strong store has one event in a slot");
          assertSameBytes(head.entries[0]?.bytes as Uint8Array, eventOf("a", seq), "the head");
        }
      }),
    ),
    check("says the same about itself each time, and in the words of the contract", () =>
      backend.withStore(async ({ backend: store, another }) => {
        const one = store.capabilities();
        assert.ok(["strong", "advisory"].includes(one.serialises), "serialises");
        assert.ok(["fsync", "replicated", "remote-ack"].includes(one.durable), "durable");
        assert.ok(["compliance", "governance", "policy", "none"].includes(one.worm), "worm");
        assert.ok(["machine", "shared"].includes(one.scope), "scope");
        assert.deepEqual((await another()).capabilities(), one);
        assert.equal((await another()).location, store.location, "location");
      }),
    ),
    check("tells of times only such as are near to now", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        await fill(store, chain, 1);
        for (const { storedAt } of await readAll(store, chain)) {
          if (storedAt === undefined) continue;
          const apart = Math.abs(storedAt.getTime() - Date.now());
          assert.ok(apart < 24 * 3600 * 1000, `storedAt is ${storedAt.toISOString()}`);
        }
      }),
    ),
    check("rejects at once when the signal is already aborted, and stores nothing", () =>
      backend.withStore(async ({ backend: store, chain }) => {
        const { signal } = abortedNow();
        const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
          ["claim", () => store.claim(chain, 0, eventOf("a", 0), { signal })],
          ["head", () => store.head(chain, { signal })],
          [
            "read",
            () => store.read(chain, 0, undefined, { signal })[Symbol.asyncIterator]().next(),
          ],
          ["chains", () => store.chains({ signal })[Symbol.asyncIterator]().next()],
        ];
        for (const [name, ask] of calls) {
          const begun = performance.now();
          await failureOf(ask(), `${name} with an aborted signal`);
          const took = performance.now() - begun;
          assert.ok(took < abortLimitMs, `${name} went on for ${Math.round(took)} ms`);
        }
        assert.equal(await store.head(chain, call()), null, "nothing was stored");
      }),
    ),
    check("keeps what it has when it is closed and opened again, and can be closed twice", () =>
      backend.withStore(async ({ backend: store, chain, another }) => {
        await fill(store, chain, 3);
        await store[Symbol.asyncDispose]?.();
        await store[Symbol.asyncDispose]?.();

        const again = await another();
        assert.deepEqual(
          (await readAll(again, chain)).map(({ seq }) => seq),
          [0, 1, 2],
        );
      }),
    ),
  ];
}

function abortedNow(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.abort(new Error("aborted by the test kit")) };
}
