import { type AuditFaults, describeAuditBackendContract } from "@floe/plugin-testkit";
import { startS3, type TestS3 } from "@floe/testing";
import { describe } from "vitest";
import plugin from "../src/index.ts";
import { chainPrefix, slotKey } from "../src/slot-key.ts";

const PREFIX = "floe/";

describe.each([
  ["a bucket that keeps nothing but what is newest", {}, 10],
  // Without a default retention, so that there is something to prune.
  ["a bucket with versions and Object Lock", { objectLock: { mode: null, days: 0 } }, 20],
] as const)("%s", (_, settings, rounds) => {
  describeAuditBackendContract(plugin, "s3", {
    packageJson: new URL("../package.json", import.meta.url),
    module: new URL("../src/index.ts", import.meta.url),
    rounds,
    validConfigs: [
      { bucket: "acme-ledgers" },
      { bucket: "acme-ledgers", prefix: "", region: "eu-central-1" },
      { bucket: "b01", prefix: "a/b.c", endpoint: "https://minio.example:9000" },
      {
        bucket: "acme-ledgers",
        force_path_style: true,
        credentials_ref: "env:LEDGER_KEYS",
        expected_bucket_owner: "123456789012",
        object_lock: { mode: "compliance", days: 730 },
      },
    ],
    invalidConfigs: [
      { config: {}, path: ["bucket"] },
      { config: [], path: [] },
      { config: { bucket: "a/b" }, path: ["bucket"] },
      { config: { bucket: "acme", prefix: "../up" }, path: ["prefix"] },
      { config: { bucket: "acme", prefix: "/" }, path: ["prefix"] },
      { config: { bucket: "acme", region: "EU west" }, path: ["region"] },
      { config: { bucket: "acme", endpoint: "https://me:secret@s3.example" }, path: ["endpoint"] },
      { config: { bucket: "acme", endpoint: "https://s3.example/acme" }, path: ["endpoint"] },
      { config: { bucket: "acme", endpoint: "s3.example" }, path: ["endpoint"] },
      { config: { bucket: "acme", force_path_style: "yes" }, path: ["force_path_style"] },
      { config: { bucket: "acme", expected_bucket_owner: 12 }, path: ["expected_bucket_owner"] },
      {
        config: { bucket: "acme", object_lock: { mode: "forever", days: 1 } },
        path: ["object_lock", "mode"],
      },
      {
        config: { bucket: "acme", object_lock: { mode: "compliance", days: 0 } },
        path: ["object_lock", "days"],
      },
    ],
    async makeStore() {
      const server = await startS3(settings);
      process.env["FLOE_TEST_S3_KEYS"] = `${server.accessKeyId}:${server.secretAccessKey}`;
      return {
        config: {
          bucket: server.bucket,
          endpoint: server.endpoint,
          credentials_ref: "env:FLOE_TEST_S3_KEYS",
        },
        faults: faultsOf(server),
        [Symbol.asyncDispose]: server[Symbol.asyncDispose],
      };
    },
  });
});

function faultsOf(server: TestS3): AuditFaults {
  const key = (chain: string, seq: number) => slotKey(chainPrefix(PREFIX, chain), seq);
  const isPut = ({ method }: { method: string }) => method === "PUT";
  return {
    async loseNextReply() {
      server.addFault({ match: isPut, action: { kind: "lose-reply" } });
    },
    async refuseOnce() {
      const conflict = { kind: "answer", status: 409, code: "ConditionalRequestConflict" } as const;
      server.addFault({ match: isPut, action: conflict });
      server.addFault({
        match: isPut,
        action: { kind: "answer", status: 503, code: "SlowDown" },
      });
    },
    async blackHole() {
      server.configure({ blackHole: true });
      return async () => {
        server.configure({ blackHole: false });
        server.dropConnections();
      };
    },
    async denyWrites() {
      server.configure({ access: "read-only" });
      return async () => server.configure({ access: "all" });
    },
    async fill() {
      server.configure({ full: true });
      return async () => server.configure({ full: false });
    },
    async addForeign(chain) {
      // Before and behind the events, in the order of keys.
      server.plant(`${chainPrefix(PREFIX, chain)}0-notes.txt`, Buffer.from("notes"));
      server.plant(`${chainPrefix(PREFIX, chain)}zzz`, Buffer.from("notes"));
    },
    async overwrite(chain, seq, bytes) {
      server.plant(key(chain, seq), bytes);
    },
    async remove(chain, seq) {
      server.remove(key(chain, seq));
    },
  };
}
