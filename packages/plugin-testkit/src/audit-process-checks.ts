import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import type { AuditBackendCheck, AuditBackendContract } from "./audit-backend-contract.ts";
import {
  assertSameBytes,
  type BackendUnderTest,
  call,
  eventOf,
  type OpenStore,
  readAll,
} from "./backend-under-test.ts";
import { type Racer, startRacer } from "./start-racer.ts";

const PROCESSES = 4;
const SLOTS = 40;

/** How many events are written while the head is watched: what is looked for happens within microseconds. */
const WATCHED_SLOTS = 150;

/** How many processes are killed, one after the other, while they write. */
const KILLS = 4;

/** The checks that need several processes of the operating system. */
export function processChecks(
  backend: BackendUnderTest,
  id: string,
  { module }: AuditBackendContract,
): AuditBackendCheck[] {
  if (!module) return [];
  const check = (name: string, run: () => Promise<void>): AuditBackendCheck => ({ name, run });
  const start = ({ store, chain }: OpenStore, writer: string, slots: number): Promise<Racer> =>
    startRacer({
      ...{ module: module.href, id, config: store.config, baseDir: store.baseDir ?? tmpdir() },
      ...{ chain, writer, slots },
    });
  return [
    check(`lets exactly one of ${PROCESSES} processes win each slot`, () =>
      backend.withStore(async (open) => {
        const racers = await Promise.all(
          Array.from({ length: PROCESSES }, (_, index) => start(open, `p${index}`, SLOTS)),
        );
        for (const racer of racers) racer.go();
        const won = await Promise.all(racers.map((racer) => racer.ended()));

        const winners = won.flatMap((slots, index) => slots.map((seq) => ({ seq, index })));
        const entries = await readAll(open.backend, open.chain);
        assert.equal(entries.length, SLOTS, "the number of events");
        for (const { seq, bytes } of entries) {
          const [winner, ...others] = winners.filter((one) => one.seq === seq);
          assert.ok(
            winner && others.length === 0,
            `slot ${seq} has ${others.length + (winner ? 1 : 0)} winners`,
          );
          assertSameBytes(bytes, eventOf(`p${winner.index}`, seq), `slot ${seq}`);
        }
      }),
    ),
    check("tells of one moment when it is asked for its head while another process writes", () =>
      backend.withStore(async (open) => {
        const racer = await start(open, "w", WATCHED_SLOTS);
        let over = false;
        racer.go();
        const ended = racer.ended().finally(() => {
          over = true;
        });
        // Whoever reads the newest event first and counts then may count one more, which looks like a gap.
        while (!over) {
          const head = await open.backend.head(open.chain, call());
          if (head)
            assert.equal(head.count, head.seq + 1, `the number of events up to ${head.seq}`);
          await new Promise((done) => setImmediate(done));
        }
        await ended;
      }),
    ),
    check(
      "loses nothing that was acknowledged, and tears nothing, when its process is killed",
      () =>
        backend.withStore(async (open) => {
          const acknowledged = new Map<number, string>();
          for (let round = 0; round < KILLS; round += 1) {
            const writer = `k${round}`;
            const racer = await start(open, writer, 100_000);
            racer.go();
            await racer.hasWon(5 + round * 7);
            racer.kill();
            for (const seq of await racer.ended()) acknowledged.set(seq, writer);
          }

          const entries = await readAll(open.backend, open.chain);
          const head = await open.backend.head(open.chain, call());
          assert.deepEqual(
            entries.map(({ seq }) => seq),
            Array.from({ length: entries.length }, (_, seq) => seq),
            "the slots",
          );
          assert.equal(head?.count, entries.length, "the number of events");
          for (const [seq, writer] of acknowledged) {
            const bytes = entries[seq]?.bytes;
            assert.ok(bytes !== undefined, `event ${seq} was acknowledged and is gone`);
            assertSameBytes(bytes, eventOf(writer, seq), `event ${seq}`);
          }
          for (const { seq, bytes } of entries) {
            const whole = Array.from({ length: KILLS }, (_, round) => eventOf(`k${round}`, seq));
            assert.ok(
              whole.some((event) => Buffer.compare(event, bytes) === 0),
              `event ${seq} is not what anybody wrote`,
            );
          }
          const next = await open.backend.claim(
            open.chain,
            entries.length,
            eventOf("after", 0),
            call(),
          );
          assert.equal(next.status, "claimed", "the next slot");
        }),
    ),
  ];
}
