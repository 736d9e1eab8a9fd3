import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditBackend, AuditBackendError } from "@floe/core/plugin";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadDriver } from "../src/load-driver.ts";
import { networkFileSystem, openDatabase } from "../src/open-database.ts";
import { createSqliteBackend } from "../src/sqlite-backend.ts";

let folder: string;
let path: string;
let backends: AuditBackend[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "floe-sqlite-"));
  path = join(folder, ".floe/audit.db");
  backends = [];
});
afterEach(async () => {
  for (const backend of backends) await backend[Symbol.asyncDispose]?.();
  await rm(folder, { recursive: true });
});

const call = () => ({ signal: AbortSignal.timeout(10_000) });
const bytes = (text: string) => new TextEncoder().encode(text);

function open(): AuditBackend {
  const backend = createSqliteBackend({ path: ".floe/audit.db" }, folder);
  backends.push(backend);
  return backend;
}

async function failure(promise: Promise<unknown>): Promise<AuditBackendError> {
  return await promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as AuditBackendError,
  );
}

describe("the file", () => {
  test("is made with the first event, for its owner alone, and not by reading", async () => {
    const backend = open();
    expect(await backend.head("c", call())).toBeNull();
    expect(await readdir(folder)).toEqual([]);

    await backend.claim("c", 0, bytes("a"), call());

    expect((await stat(join(folder, ".floe"))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(join(folder, ".floe")))
      expect((await stat(join(folder, ".floe", name))).mode & 0o777, name).toBe(0o600);
    expect(backend.location).toBe("sqlite:.floe/audit.db");
  });

  test("that others hold while they make it is waited for", async () => {
    await mkdir(join(folder, ".floe"));
    const other = new Database(path);
    other.exec("BEGIN EXCLUSIVE");
    setTimeout(() => {
      other.exec("ROLLBACK");
      other.close();
    }, 300);
    expect(await open().claim("c", 0, bytes("a"), call())).toMatchObject({ status: "claimed" });
  });

  test("is not made by whoever goes on with a ledger that is gone", async () => {
    expect(await failure(open().claim("c", 7, bytes("a"), call()))).toMatchObject({
      failure: "refused",
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("is written through to the disk on every connection, also on one that was opened before", async () => {
    await open().claim("c", 0, bytes("a"), call());
    for (let round = 0; round < 2; round += 1) {
      const db = await openDatabase(path, false);
      db?.prepare("SELECT 1 FROM event").get();
      expect(db?.pragma("journal_mode", { simple: true })).toBe("wal");
      expect(db?.pragma("synchronous", { simple: true })).toBe(2);
      db?.close();
    }
  });

  test("is refused when it is a database of something else, and left as it is", async () => {
    await open().claim("c", 0, bytes("a"), call());
    const other = join(folder, "other.db");
    const db = new Database(other);
    db.exec("CREATE TABLE t (a)");
    db.close();
    const backend = createSqliteBackend({ path: other }, folder);
    backends.push(backend);

    const asked = [backend.head("c", call()), backend.claim("c", 0, bytes("a"), call())];
    for (const failed of await Promise.all(asked.map(failure)))
      expect(failed).toMatchObject({
        failure: "refused",
        message: expect.stringContaining("is a database of something else") as string,
      });
    expect(backend.location).toBe("sqlite:other.db");
  });

  test("of version 1 is read as it is, and goes on with the next event, its old ones found under every label", async () => {
    const first = open();
    for (let seq = 0; seq < 3; seq += 1) await first.claim("c", seq, bytes(String(seq)), call());
    await first[Symbol.asyncDispose]?.();
    const db = new Database(path);
    db.exec("DROP TABLE label");
    db.pragma("user_version = 1");
    db.close();

    const backend = open();
    expect(await backend.head("c", call())).toMatchObject({ seq: 2, count: 3 });
    expect(await backend.find?.("c", "a", call())).toBeNull();
    const claim = await backend.claim("c", 3, bytes("3"), { ...call(), labels: ["b"] });

    expect(claim).toMatchObject({ status: "claimed", alreadyMine: false });
    expect(await backend.find?.("c", "a", call())).toEqual([2, 1, 0]);
    expect(await backend.find?.("c", "b", call())).toEqual([3, 2, 1, 0]);
    const findings: unknown[] = [];
    for await (const finding of backend.verifyStore?.("c", call()) ?? []) findings.push(finding);
    expect(findings).toEqual([]);
  });

  test("is refused when a newer version made it", async () => {
    await open().claim("c", 0, bytes("a"), call());
    const db = new Database(path);
    db.pragma("user_version = 99");
    db.close();

    expect(await failure(open().head("c", call()))).toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("version 99 of the schema") as string,
      hint: expect.stringContaining("Update floe") as string,
    });
  });

  test("is called damaged when it was cut off or written over", async () => {
    const backend = open();
    for (let seq = 0; seq < 200; seq += 1)
      await backend.claim("c", seq, bytes(String(seq).padEnd(900, "x")), call());
    await backend[Symbol.asyncDispose]?.();
    const whole = await readFile(path);

    await truncate(path, 8192);
    expect(await failure(open().head("c", call()))).toMatchObject({ failure: "corrupt" });

    await writeFile(path, Buffer.concat([Buffer.from("no database"), whole.subarray(11)]));
    expect(await failure(open().head("c", call()))).toMatchObject({ failure: "corrupt" });
  });

  test("can be cut to nothing, which is no ledger and no new one", async () => {
    const backend = open();
    await backend.claim("c", 0, bytes("a"), call());
    await backend[Symbol.asyncDispose]?.();
    await truncate(path, 0);

    expect(await open().head("c", call())).toBeNull();
  });
});

test("a claim waits for another writer until its deadline, and has stored nothing then", async () => {
  const backend = open();
  await backend.claim("c", 0, bytes("a"), call());
  const db = new Database(path);
  db.exec("BEGIN IMMEDIATE");
  const begun = performance.now();

  const error = await failure(
    backend.claim("c", 1, bytes("b"), { signal: AbortSignal.timeout(300) }),
  );

  expect(performance.now() - begun).toBeLessThan(2000);
  expect(error.name).toBe("TimeoutError");
  expect((await backend.head("c", call()))?.seq).toBe(0);
  db.exec("ROLLBACK");
  db.close();
  expect((await backend.claim("c", 1, bytes("b"), call())).status).toBe("claimed");
});

test("statements that change or remove events are refused", async () => {
  const backend = open();
  for (let seq = 0; seq < 3; seq += 1) await backend.claim("c", seq, bytes("a"), call());
  const db = new Database(path);
  expect(() => db.exec("UPDATE event SET bytes = x'00'")).toThrow("events never change");
  expect(() => db.exec("DELETE FROM event")).toThrow("events are removed by pruning only");
  expect(() => db.exec("UPDATE chain SET name = 'd'")).toThrow("chains never change");
  db.exec("DROP TRIGGER event_is_kept");
  db.close();

  const found: string[] = [];
  for await (const { message, tampering } of backend.verifyStore?.("c", call()) ?? [])
    if (tampering) found.push(message);
  expect(found).toEqual([`${path}: event_is_kept is missing`]);
});

test("a file that others can use is a finding, and no tampering", async () => {
  const backend = open();
  await backend.claim("c", 0, bytes("a"), call());
  await chmod(path, 0o644);

  const found: unknown[] = [];
  for await (const finding of backend.verifyStore?.("c", call()) ?? []) found.push(finding);
  expect(found).toMatchObject([{ code: "open_to_others", tampering: false }]);
});

test("an old Node.js is told so before the driver could crash it", async () => {
  expect(await failure(loadDriver("20.19.5"))).toMatchObject({
    failure: "unavailable",
    message: "SQLite needs Node.js 22 or newer, and this is 20.19.5",
  });
});

test.each([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0x01021997, "9p"],
  [0xef53, null],
])("file system %i is taken for %s", (type, name) => {
  expect(networkFileSystem(type)).toBe(name);
});

describe("what events are looked for by", () => {
  test("finds them newest first, in their own chain, with those of which nobody said anything", async () => {
    const backend = open();
    const labels = [["a"], [], undefined, ["b", "a", "a"], ["b"]];
    for (const chain of ["c", "d"])
      for (const [seq, of] of labels.entries())
        await backend.claim(chain, seq, bytes(`${chain}${seq}`), {
          ...call(),
          ...(of ? { labels: of } : {}),
        });

    expect(await backend.find?.("c", "a", call())).toEqual([3, 2, 0]);
    expect(await backend.find?.("d", "b", call())).toEqual([4, 3, 2]);
    expect(await backend.find?.("c", "x", call())).toEqual([2]);
    expect(await backend.find?.("none", "a", call())).toEqual([]);
  });

  test("goes with the events that are pruned", async () => {
    const backend = open();
    for (let seq = 0; seq < 4; seq += 1)
      await backend.claim("c", seq, bytes(String(seq)), { ...call(), labels: ["a"] });

    await backend.prune?.("c", 1, call());

    expect(await backend.find?.("c", "a", call())).toEqual([3, 2]);
    expect(await backend.head("c", call())).toMatchObject({ seq: 3, count: 4 });
  });

  test("is of a size that an index can take", async () => {
    const refused = [[""], ["x".repeat(201)], Array.from({ length: 17 }, String)];
    for (const labels of refused)
      expect(await failure(open().claim("c", 0, bytes("a"), { ...call(), labels }))).toMatchObject({
        failure: "refused",
      });
  });
});

test("a gap shows in the number of events only where somebody asks for it", async () => {
  const backend = open();
  for (let seq = 0; seq < 4; seq += 1) await backend.claim("c", seq, bytes(String(seq)), call());
  const db = new Database(path);
  db.exec("DROP TRIGGER event_stays; DELETE FROM event WHERE seq = 1");
  db.close();

  expect(await backend.head("c", call())).toMatchObject({ seq: 3, count: 3 });
  expect(await backend.head("c", { ...call(), counted: false })).toMatchObject({
    seq: 3,
    count: 4,
  });
});
