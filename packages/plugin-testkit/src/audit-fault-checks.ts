import assert from "node:assert/strict";
import type { AuditBackend } from "@floe/core/plugin";
import type {
  AuditBackendCheck,
  AuditBackendContract,
  AuditFaults,
} from "./audit-backend-contract.ts";
import {
  assertSameBytes,
  type BackendUnderTest,
  call,
  eventOf,
  failureOf,
  fill,
  type OpenStore,
  readAll,
} from "./backend-under-test.ts";

/** How long a call gets in a check of deadlines, in milliseconds. */
const DEADLINE_MS = 400;

type Faulty<Name extends keyof AuditFaults> = OpenStore & {
  readonly fault: NonNullable<AuditFaults[Name]>;
};

/**
 * The checks that need a store which can be made to fail. Which faults there are is known only when a store was made, so a
 * check whose fault is absent passes without a look; {@link AuditFaults} says what can be given.
 */
export function faultChecks(
  backend: BackendUnderTest,
  { abortLimitMs = 2000 }: AuditBackendContract,
): AuditBackendCheck[] {
  const with_ = <Name extends keyof AuditFaults>(
    name: Name,
    sentence: string,
    work: (open: Faulty<Name>) => Promise<void>,
  ): AuditBackendCheck => ({
    name: sentence,
    run: () =>
      backend.withStore(async (open) => {
        const fault = open.store.faults?.[name];
        if (fault) await work({ ...open, fault: fault as NonNullable<AuditFaults[Name]> });
      }),
  });
  return [
    with_(
      "loseNextReply",
      "calls a claim indeterminate whose answer was lost, and then its own",
      async ({ backend: store, chain, fault }) => {
        await fill(store, chain, 1);
        await fault();

        const error = await failureOf(
          store.claim(chain, 1, eventOf("a", 1), call()),
          "the answer was lost",
        );
        assert.equal(error.indeterminate, true, "indeterminate, as the event may be there");
        const [entry] = await readAll(store, chain, 1, 1);
        assertSameBytes(
          entry?.bytes as Uint8Array,
          eventOf("a", 1),
          "the event whose answer was lost",
        );
        const again = await store.claim(chain, 1, eventOf("a", 1), call());
        assert.equal(again.status === "claimed" && again.alreadyMine, true, "alreadyMine");
        assert.equal((await store.claim(chain, 1, eventOf("b", 1), call())).status, "taken");
      },
    ),
    with_(
      "refuseOnce",
      "tries again what was refused in passing, or says that nothing was stored",
      async ({ backend: store, chain, fault }) => {
        await fill(store, chain, 1);
        await fault();

        const outcome = await store
          .claim(chain, 1, eventOf("a", 1), call())
          .catch((error: unknown) => error);
        if (outcome instanceof Error) {
          assert.notEqual(
            (outcome as { indeterminate?: unknown }).indeterminate,
            true,
            "it is known that nothing was stored",
          );
          assert.equal((await store.head(chain, call()))?.seq, 0, "the head afterwards");
        }
        const claim = await store.claim(chain, 1, eventOf("a", 1), call());
        assert.equal(claim.status, "claimed", "the claim is refused once only");
      },
    ),
    with_(
      "blackHole",
      "ends every call when its signal says so, though the store never answers",
      async ({ backend: store, chain, fault }) => {
        await fill(store, chain, 1);
        const end = await fault();
        try {
          const signal = () => ({ signal: AbortSignal.timeout(DEADLINE_MS) });
          await inTime(
            () => store.claim(chain, 1, eventOf("a", 1), signal()),
            "claim",
            abortLimitMs,
          );
          await inTime(() => store.head(chain, signal()), "head", abortLimitMs);
          await inTime(
            () => store.read(chain, 0, undefined, signal())[Symbol.asyncIterator]().next(),
            "read",
            abortLimitMs,
          );
        } finally {
          await end();
        }
        await stillThere(store, chain, 1);
      },
    ),
    with_(
      "denyWrites",
      "says why it may not write, keeps what it has, and goes on afterwards",
      async ({ backend: store, chain, another, fault }) => {
        await fill(store, chain, 1);
        const end = await fault();
        try {
          const error = await failureOf(
            store.claim(chain, 1, eventOf("a", 1), call()),
            "writing is denied",
          );
          assert.ok(
            error.failure === "denied" || error.failure === "unauthenticated",
            `failure is ${error.failure}, and must be denied or unauthenticated`,
          );
          assert.notEqual(error.indeterminate, true, "it is known that nothing was stored");
        } finally {
          await end();
        }
        const client = await another();
        await stillThere(client, chain, 1);
        assert.equal((await client.claim(chain, 1, eventOf("a", 1), call())).status, "claimed");
      },
    ),
    with_(
      "fill",
      "says that there is no room, keeps what it has, and goes on afterwards",
      async ({ backend: store, chain, another, fault }) => {
        await fill(store, chain, 1);
        const end = await fault();
        try {
          const large = new Uint8Array(60_000).fill(0x61);
          const error = await failureOf(store.claim(chain, 1, large, call()), "there is no room");
          assert.ok(
            (error.failure ?? "unavailable") === "unavailable",
            `failure is ${error.failure}`,
          );
          assert.notEqual(error.indeterminate, true, "it is known that nothing was stored");
          await stillThere(store, chain, 1);
        } finally {
          await end();
        }
        const client = await another();
        assert.equal((await client.claim(chain, 1, eventOf("a", 1), call())).status, "claimed");
      },
    ),
    with_(
      "addForeign",
      "is not misled by what lies beside the events, and reports it",
      async ({ backend: store, chain, fault }) => {
        await fill(store, chain, 3);
        await fault(chain);

        await stillThere(store, chain, 3);
        assert.equal((await store.claim(chain, 3, eventOf("a", 3), call())).status, "claimed");
        assert.ok(await isReported(store, chain), "verifyStore must have a finding of tampering");
      },
    ),
    with_(
      "overwrite",
      "shows what is stored now, or that it was changed, when an event was written over",
      async ({ backend: store, chain, another, fault }) => {
        await fill(store, chain, 3);
        const forged = eventOf("forged", 1);
        await fault(chain, 1, forged);

        const client = await another();
        const seen = await readAll(client, chain).catch(
          (error: unknown) => error as { failure?: unknown },
        );
        if (!Array.isArray(seen)) {
          assert.equal(seen.failure, "corrupt", "failure");
          return;
        }
        // Stores with versions keep the first and report the second; others have nothing but the second to show.
        const bytes = seen[1]?.bytes as Uint8Array;
        const first = Buffer.compare(bytes, eventOf("first", 1)) === 0;
        if (first)
          assert.ok(await isReported(client, chain), "verifyStore must report the second version");
        else assertSameBytes(bytes, forged, "what is stored");
      },
    ),
    with_(
      "remove",
      "does not read over an event that was taken away as if there had been none",
      async ({ backend: store, chain, another, fault }) => {
        await fill(store, chain, 4);
        await fault(chain, 1);

        const client = await another();
        const seen = await readAll(client, chain).catch(
          (error: unknown) => error as { failure?: unknown },
        );
        if (!Array.isArray(seen)) assert.equal(seen.failure, "corrupt", "failure");
        else if (seen.length === 4) assert.ok(await isReported(client, chain), "it is reported");
        else
          assert.notEqual((await client.head(chain, call()))?.count, 4, "the gap shows in count");
      },
    ),
  ];
}

async function inTime(ask: () => Promise<unknown>, name: string, limitMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("nothing"), DEADLINE_MS + limitMs);
  const asked = ask().then(
    () => "an answer",
    () => "an error",
  );
  const outcome = await Promise.race([late, asked]);
  clearTimeout(timer);
  assert.equal(outcome, "an error", `${name} with a deadline of ${DEADLINE_MS} ms`);
}

async function stillThere(store: AuditBackend, chain: string, count: number): Promise<void> {
  const entries = await readAll(store, chain);
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    Array.from({ length: count }, (_, seq) => seq),
    "what was there before",
  );
  for (const { seq, bytes } of entries)
    assertSameBytes(bytes, eventOf("first", seq), `event ${seq}`);
}

async function isReported(store: AuditBackend, chain: string): Promise<boolean> {
  if (!store.verifyStore) return false;
  for await (const finding of store.verifyStore(chain, call()))
    if (finding.tampering && finding.message.trim() !== "") return true;
  return false;
}
