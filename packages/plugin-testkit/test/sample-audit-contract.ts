import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll } from "vitest";
import type { AuditBackendContract, AuditFaults } from "../src/index.ts";
import { bucketOf, type Flaw, objectName, weatherOf } from "./sample-audit-plugin.ts";

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "floe-testkit-"));
  folders.push(folder);
  return folder;
}

/** What the sample backend is checked with: in memory with faults, or in a folder with several processes. */
export async function sampleAuditContract(
  where: "memory" | "folder",
  flaw?: Flaw,
): Promise<AuditBackendContract> {
  const packageJson = join(await newFolder(), "package.json");
  const floe = { apiVersion: "floe.dev/v1", gates: [], auditBackends: ["sample"] };
  const meta = { name: "floe-plugin-sample-audit", version: "1.0.0", type: "module" };
  await writeFile(packageJson, JSON.stringify({ ...meta, oclif: {}, floe }));
  return {
    packageJson: pathToFileURL(packageJson),
    ...(where === "folder" ? { module: new URL("./sample-audit-plugin.ts", import.meta.url) } : {}),
    validConfigs: [{}, { folder: "audit" }],
    invalidConfigs: [{ config: { folder: 1 }, path: ["folder"] }],
    rounds: 20,
    abortLimitMs: 300,
    async makeStore() {
      const name = where === "folder" ? await newFolder() : randomUUID();
      const config = { [where]: name, ...(flaw === undefined ? {} : { flaw }) };
      return {
        config,
        ...(where === "memory" ? { faults: faultsOf(name) } : {}),
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  };
}

function faultsOf(name: string): AuditFaults {
  const bucket = bucketOf(name);
  const weather = weatherOf(name);
  const while_ = (kind: "blackHole" | "denyWrites" | "full") => async () => {
    weather[kind] = true;
    return async () => {
      weather[kind] = false;
    };
  };
  return {
    async loseNextReply() {
      weather.loseNextReply = true;
    },
    async refuseOnce() {
      weather.refuseOnce = true;
    },
    blackHole: while_("blackHole"),
    denyWrites: while_("denyWrites"),
    fill: while_("full"),
    async addForeign(chain) {
      bucket.put(`${objectName(chain, 0).slice(0, -12)}readme.txt`, Buffer.from("hello"));
    },
    async overwrite(chain, seq, bytes) {
      bucket.put(objectName(chain, seq), bytes);
    },
    async remove(chain, seq) {
      bucket.delete(objectName(chain, seq));
    },
  };
}
