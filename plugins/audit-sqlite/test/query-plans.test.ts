import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { QUERIES } from "../src/queries.ts";
import { createSqliteBackend } from "../src/sqlite-backend.ts";

test.each(Object.entries(QUERIES))(
  "%s is answered by an index in its order, so that it takes as long however many events there are",
  async (_, sql) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "floe-plans-"));
    const backend = createSqliteBackend({ path: "audit.db" }, folder.path);
    await backend.claim("c", 0, Buffer.from("a"), { signal: AbortSignal.timeout(10_000) });
    await backend[Symbol.asyncDispose]?.();
    const db = new Database(join(folder.path, "audit.db"), { readonly: true });
    const values = Array.from(sql.matchAll(/\?/g), () => 1);
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
    db.close();
    expect(plan.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH \w+ USING (?:COVERING INDEX|INDEX|PRIMARY KEY) /),
    ]);
  },
);
