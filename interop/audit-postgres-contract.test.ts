import plugin from "@floe/plugin-audit-postgres";
import { type AuditFaults, describeAuditBackendContract } from "@floe/plugin-testkit";
import { inject } from "vitest";
import { asSuperuser, type PostgresStore, postgresStore } from "./support/postgres-store.ts";

const PACKAGE = "../plugins/audit-postgres/";

describeAuditBackendContract(plugin, "postgres", {
  packageJson: new URL(`${PACKAGE}package.json`, import.meta.url),
  module: new URL(`${PACKAGE}src/index.ts`, import.meta.url),
  validConfigs: [
    { url: "postgres://floe@db.example.com/audit" },
    { url_ref: "env:AUDIT_URL", password_ref: "password", ca_ref: "file:ca.pem", schema: "acme_1" },
  ],
  invalidConfigs: [
    { config: {}, path: ["url"] },
    { config: { url: "mysql://floe@db/audit" }, path: ["url"] },
    { config: { url: "postgres://floe@db/audit", url_ref: "env:A" }, path: ["url_ref"] },
    { config: { url: "postgres://floe@db/audit", schema: "a;b" }, path: ["schema"] },
    { config: { url: "postgres://floe@db/audit", password_ref: "" }, path: ["password_ref"] },
    { config: [], path: [] },
  ],
  async makeStore() {
    const store = await postgresStore();
    return {
      config: { url: store.url, schema: store.schema },
      faults: faultsOf(store),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
});

function faultsOf({ schema, role, proxy, past }: PostgresStore): AuditFaults {
  const { url } = inject("postgres");
  return {
    async loseNextReply() {
      proxy.loseNextReply();
    },
    async refuseOnce() {
      const { promise, resolve } = Promise.withResolvers<void>();
      void asSuperuser(url, async (client) => {
        await client.query(`BEGIN; LOCK TABLE ${schema}.event IN EXCLUSIVE MODE`);
        resolve();
        await new Promise((done) => setTimeout(done, 200));
      });
      await promise;
    },
    async blackHole() {
      const end = proxy.blackHole();
      return async () => end();
    },
    async denyWrites() {
      await past(`REVOKE INSERT ON ${schema}.event FROM ${role}`);
      return async () => void (await past(`GRANT INSERT ON ${schema}.event TO ${role}`));
    },
    async addForeign() {
      await past(`CREATE TABLE ${schema}.notes (text text)`);
    },
    async overwrite(chain, seq, bytes) {
      await past(`UPDATE ${schema}.event SET bytes = $1 WHERE chain = $2 AND seq = $3`, [
        Buffer.from(bytes),
        chain,
        seq,
      ]);
    },
    async remove(chain, seq) {
      await past(`DELETE FROM ${schema}.event WHERE chain = $1 AND seq = $2`, [chain, seq]);
    },
  };
}
