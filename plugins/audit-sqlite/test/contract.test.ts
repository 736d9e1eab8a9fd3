import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditFaults, describeAuditBackendContract } from "@floe/plugin-testkit";
import Database from "better-sqlite3";
import plugin from "../src/index.ts";

describeAuditBackendContract(plugin, "sqlite", {
  packageJson: new URL("../package.json", import.meta.url),
  module: new URL("../src/index.ts", import.meta.url),
  validConfigs: [{}, { path: "audit.db" }],
  invalidConfigs: [
    { config: { path: "" }, path: ["path"] },
    { config: { path: ":memory:" }, path: ["path"] },
    { config: { path: 1 }, path: ["path"] },
    { config: [], path: [] },
  ],
  async makeStore() {
    const baseDir = await mkdtemp(join(tmpdir(), "floe-sqlite-"));
    return {
      config: { path: "sub/audit.db" },
      baseDir,
      faults: faultsOf(join(baseDir, "sub/audit.db")),
      [Symbol.asyncDispose]: () => rm(baseDir, { recursive: true }),
    };
  },
});

/** Faults that a file can have while it is in use; the others need a file system, see the tests of the command line. */
function faultsOf(path: string): AuditFaults {
  // Whoever owns the file can take the triggers away.
  const past = (chain: string, sql: string, ...values: unknown[]): void => {
    const db = new Database(path);
    db.exec("DROP TRIGGER event_is_kept; DROP TRIGGER event_stays");
    db.prepare(`${sql} WHERE chain = (SELECT id FROM chain WHERE name = ?) AND seq = ?`).run(
      ...values.slice(0, -1),
      chain,
      values.at(-1),
    );
    db.close();
  };
  return {
    async refuseOnce() {
      const db = new Database(path);
      db.exec("BEGIN IMMEDIATE");
      setTimeout(() => {
        db.exec("ROLLBACK");
        db.close();
      }, 200);
    },
    async addForeign() {
      const db = new Database(path);
      db.exec("CREATE TABLE notes (text TEXT)");
      db.close();
    },
    async overwrite(chain, seq, bytes) {
      past(chain, "UPDATE event SET bytes = ?", bytes, seq);
    },
    async remove(chain, seq) {
      past(chain, "DELETE FROM event", seq);
    },
  };
}
