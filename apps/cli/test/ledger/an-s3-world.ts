import type { AuditBackend, AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import s3 from "@floe/plugin-audit-s3";
import { type S3Settings, startS3, type TestS3 } from "@floe/testing";
import { aWorld, go, type World, type WorldOptions } from "../review/a-world.ts";
import { type RunsApart, runsApart } from "./runs-apart.ts";

/** A world whose ledgers are in a bucket, and whose repository is a plain registry. */
export interface S3World extends World, RunsApart {
  readonly s3: TestS3;
  /** Opens the backend as floe would, for who wants to stand in its way. */
  openLedger(): Promise<AuditBackend>;
  /** Keys of an environment's events, the newest first. */
  keys(environment: string): string[];
}

/** Makes the world. */
export async function anS3World(
  settings: Partial<S3Settings> = {},
  options: WorldOptions = {},
): Promise<S3World> {
  const server = await startS3(settings);
  const place = { endpoint: server.endpoint, credentials_ref: "env:LEDGER_KEYS" };
  const secret = `${server.accessKeyId}:${server.secretAccessKey}`;
  const world = await aWorld({
    tagCreation: "compare-then-put",
    plugins: [s3 as FloePlugin],
    secret,
    ...options,
    audit: { backend: "s3", s3_bucket: server.bucket, with: place, ...options.audit },
  });
  const dispose = world[Symbol.asyncDispose].bind(world);
  return Object.assign(world, runsApart(world), {
    s3: server,
    async openLedger() {
      const [provider] = s3.auditBackends as readonly AuditBackendProvider[];
      const parsed = await provider?.config["~standard"].validate({
        bucket: server.bucket,
        ...place,
      });
      if (!provider || parsed?.issues !== undefined) throw new Error("the settings are refused");
      return await provider.open(parsed?.value, {
        ...go,
        baseDir: "/",
        readSecret: async () => secret,
      });
    },
    keys: (environment: string) =>
      server.keys("floe/").filter((key) => key.includes(`_23${environment}/`)),
    async [Symbol.asyncDispose]() {
      await dispose();
      await server[Symbol.asyncDispose]();
    },
  });
}
