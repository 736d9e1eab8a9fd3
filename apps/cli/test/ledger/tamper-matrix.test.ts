import { createHash } from "node:crypto";
import type { LedgerAudit } from "@floe/core";
import { describe, expect, test } from "vitest";
import { go, type World } from "../review/a-world.ts";
import { aSqliteWorld, type SqliteWorld } from "./a-sqlite-world.ts";

/** The slots of the one ledger of a world, for who reaches past floe and past what a store refuses. */
interface Slots {
  read(seq: number): Promise<Uint8Array>;
  /** Writes over what is there. */
  put(seq: number, bytes: Uint8Array): Promise<void>;
  remove(seq: number): Promise<void>;
  /** Puts something in, and moves what is behind on. */
  insert(seq: number, bytes: Uint8Array): Promise<void>;
  /** Keeps everything that is there now; the returned function puts it back. */
  copy(): () => Promise<void>;
}

const LAST = 5;
const slotTag = (seq: number): string => `floe-ev.dev.${String(seq).padStart(12, "0")}`;

/** A repository where somebody moves tags; `own`: tags that are named after what they hold. */
function inRegistry(world: World, own: boolean): Slots {
  const tagAt = async (seq: number): Promise<string> => {
    const [tag] = await world.store.listTags({ ...go, prefix: slotTag(seq) });
    if (tag === undefined) throw new Error(`slot ${seq} is empty`);
    return tag;
  };
  const slots: Slots = {
    read: async (seq) => (await world.read(await tagAt(seq))).bytes,
    async put(seq, bytes) {
      const tag = await tagAt(seq).catch(() => slotTag(seq));
      await world.store.deleteTag(tag, go);
      await world.replay(bytes, tag);
    },
    remove: async (seq) => await world.store.deleteTag(await tagAt(seq), go),
    async insert(seq, bytes) {
      if (own) return await world.replay(bytes, `${slotTag(seq)}-${leaf(bytes).slice(0, 12)}`);
      for (let to = LAST + 1; to > seq; to -= 1) await slots.put(to, await slots.read(to - 1));
      await slots.put(seq, bytes);
    },
    copy() {
      const before = world.store.tags();
      return async () => {
        for (const tag of Object.keys(world.store.tags())) {
          if (before[tag] === world.store.tags()[tag]) continue;
          await world.store.deleteTag(tag, go);
          const held = before[tag] && (await world.store.getManifest(before[tag], go));
          if (!held) continue;
          const { bytes, descriptor } = held;
          await world.store.createTag(tag, { bytes, mediaType: descriptor.mediaType }, go);
        }
      };
    },
  };
  return slots;
}

/** An SQLite file whose owner takes the triggers away, and puts them back so that it does not show. */
function inFile(world: SqliteWorld): Slots {
  const run = (sql: string, ...values: readonly unknown[]): void =>
    world.past((db) => {
      const triggers = db
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
        .pluck()
        .all() as string[];
      for (const trigger of triggers)
        db.exec(`DROP TRIGGER ${/TRIGGER (\w+)/.exec(trigger)?.[1] ?? ""}`);
      db.prepare(sql).run(...values);
      for (const trigger of triggers) db.exec(trigger);
    });
  return {
    read: async (seq) =>
      world.past(
        (db) =>
          db
            .prepare(
              "SELECT bytes FROM event WHERE seq = ? AND chain = (SELECT id FROM chain WHERE name LIKE '%#dev')",
            )
            .pluck()
            .get(seq) as Uint8Array,
      ),
    put: async (seq, bytes) =>
      run(
        "UPDATE event SET bytes = ? WHERE seq = ? AND chain = (SELECT id FROM chain WHERE name LIKE '%#dev')",
        bytes,
        seq,
      ),
    remove: async (seq) =>
      run(
        "DELETE FROM event WHERE seq = ? AND chain = (SELECT id FROM chain WHERE name LIKE '%#dev')",
        seq,
      ),
    async insert(seq, bytes) {
      for (let from = LAST; from >= seq; from -= 1)
        run(
          "UPDATE event SET seq = seq + 1 WHERE seq = ? AND chain = (SELECT id FROM chain WHERE name LIKE '%#dev')",
          from,
        );
      run(
        "INSERT INTO event (chain, seq, bytes, stored_at) SELECT id, ?, ?, 0 FROM chain WHERE name LIKE '%#dev'",
        seq,
        bytes,
      );
    },
    copy() {
      const path = `${world.database}.older`;
      world.copyTo(path);
      return async () => world.restore(path);
    },
  };
}

function leaf(bytes: Uint8Array): string {
  return createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex");
}

/** The same event with another reason, under the signature that it had. */
function edited(bytes: Uint8Array): Uint8Array {
  const bundle = JSON.parse(Buffer.from(bytes).toString()) as {
    dsseEnvelope: { payload: string };
  };
  const text = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const other = text.replace("reason 3", "reason X");
  expect(other).not.toBe(text);
  return Buffer.from(
    Buffer.from(bytes)
      .toString()
      .replace(bundle.dsseEnvelope.payload, Buffer.from(other).toString("base64")),
  );
}

/** The first event that anything was found about, by its number or in the words. */
function firstBad({ verdicts }: LedgerAudit): number | null {
  const seqs = Object.values(verdicts).flatMap(({ findings }) =>
    findings.flatMap(({ seq, what }) => {
      const named = /dev(?:#|\.0*)(\d+)/.exec(what)?.[1];
      return seq !== null ? [seq] : named === undefined ? [] : [Number(named)];
    }),
  );
  return seqs.length === 0 ? null : Math.min(...seqs);
}

const tamperings: readonly (readonly [
  what: string,
  tamper: (slots: Slots, older: () => Promise<void>) => Promise<void>,
  first: number,
])[] = [
  ["an event is edited", async (slots) => await slots.put(3, edited(await slots.read(3))), 3],
  ["an event is deleted", async (slots) => await slots.remove(3), 3],
  [
    "two events are swapped",
    async (slots) => {
      const [second, third] = [await slots.read(2), await slots.read(3)];
      await slots.put(2, third);
      await slots.put(3, second);
    },
    2,
  ],
  ["an event is put in", async (slots) => await slots.insert(3, await slots.read(1)), 3],
  [
    "the newest are cut off",
    async (slots) => {
      for (const seq of [LAST, 4]) await slots.remove(seq);
    },
    4,
  ],
  ["an older copy is put back", async (_, older) => await older(), 4],
];

const stores: readonly (readonly [
  where: string,
  make: () => Promise<{ readonly world: SqliteWorld; readonly slots: () => Slots }>,
])[] = [
  ["a plain registry", async () => await registry("compare-then-put")],
  ["a registry that serialises", async () => await registry("atomic")],
  [
    "SQLite",
    async () => {
      const world = await aSqliteWorld({ environments });
      return { world, slots: () => inFile(world) };
    },
  ],
];

const environments = [{ name: "dev", gates: { policy_compliance: true } }];

async function registry(tagCreation: "atomic" | "compare-then-put") {
  const world = await aSqliteWorld({ environments, tagCreation, audit: { backend: "oci" } });
  return { world, slots: () => inRegistry(world, tagCreation !== "atomic") };
}

describe.each(stores)(
  "of a ledger in %s, audit verify names the first bad event when",
  (_, make) => {
    test.each(tamperings)("%s", async (__, tamper, first) => {
      const { world, slots: open } = await make();
      await using _world = world;
      let [slots, older]: [Slots | null, () => Promise<void>] = [null, async () => undefined];
      for (let seq = 1; seq <= LAST; seq += 1) {
        const request = { environment: "dev", reason: `reason ${seq}` };
        await world.as({}, (floe) => floe.lock(request));
        if (seq !== 3) continue;
        slots = open();
        older = slots.copy();
      }
      const [made] = await world.as({}, (floe) => floe.checkpoint({}));
      const checkpoints = [{ name: "kept", note: made?.note ?? "" }];
      const audit = async (): Promise<LedgerAudit> => {
        const [only] = await world.as({}, (floe) => floe.audit({ checkpoints }));
        if (!only) throw new Error("there is no ledger");
        return only;
      };
      const well = await audit();
      expect(Object.values(well.verdicts).map(({ verdict }) => verdict)).toEqual(
        Array(4).fill("ok"),
      );

      await tamper(slots as Slots, older);

      const after = await audit();
      const failed = Object.values(after.verdicts).some(({ verdict }) => verdict === "failed");
      expect([failed, firstBad(after)]).toEqual([true, first]);
    });
  },
);
