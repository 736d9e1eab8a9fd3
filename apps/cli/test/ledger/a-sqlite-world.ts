import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AuditBackend, AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import sqlite from "@floe/plugin-audit-sqlite";
import Database from "better-sqlite3";
import { aWorld, go, type World, type WorldOptions } from "../review/a-world.ts";
import { type RunsApart, runsApart } from "./runs-apart.ts";

/** A world whose ledgers are in an SQLite file beside the manifest, and whose repository is a plain registry. */
export interface SqliteWorld extends World, RunsApart {
  readonly database: string;
  /** Opens the backend as floe would, for who wants to stand in its way. */
  openLedger(): Promise<AuditBackend>;
  /** Reaches past the backend, as the owner of the file can. */
  past<Result>(work: (db: Database.Database) => Result): Result;
  /** Writes a whole copy of the ledgers. */
  copyTo(path: string): void;
  /** Puts a copy in the place of the ledgers, as somebody who restores a backup. */
  restore(path: string): void;
}

/** Makes the world. */
export async function aSqliteWorld(options: WorldOptions = {}): Promise<SqliteWorld> {
  const world = await aWorld({
    tagCreation: "compare-then-put",
    plugins: [sqlite as FloePlugin],
    audit: { backend: "database" },
    ...options,
  });
  const dir = dirname(world.manifest.path);
  const database = join(dir, ".floe/audit.db");
  const past: SqliteWorld["past"] = (work) => {
    const db = new Database(database);
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  return Object.assign(world, runsApart(world), {
    database,
    past,
    async openLedger() {
      const [provider] = sqlite.auditBackends as readonly AuditBackendProvider[];
      if (!provider) throw new Error("the plugin has no backend");
      const config = { path: ".floe/audit.db" };
      const readSecret = () => Promise.reject(new Error("there are no secrets"));
      return await provider.open(config, { ...go, baseDir: dir, readSecret });
    },
    copyTo: (path: string) => past((db) => void db.prepare("VACUUM INTO ?").run(path)),
    restore(path: string) {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
      const db = new Database(path);
      db.prepare("VACUUM INTO ?").run(database);
      db.close();
    },
  });
}
