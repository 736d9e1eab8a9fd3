import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DeleteObjectCommand, ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";
import { probeBackend } from "@floe/core";
import type { AuditBackend, AuditFinding } from "@floe/core/plugin";
import s3 from "@floe/plugin-audit-s3";
import { auditBackendChecks } from "@floe/plugin-testkit/checks";
import { freePort, run, type S3Server, startDaemon, startRadosgw } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ledgerProject, type Row } from "./support/ledger-project.ts";
import { type BucketKind, clientOf, makeBucket } from "./support/make-bucket.ts";
import { answersOf, manifestFor, standingOf } from "./support/move-through.ts";
import { openS3Anchors, openS3Ledger } from "./support/open-s3-ledger.ts";
import { postgresStore } from "./support/postgres-store.ts";
import { s3Store } from "./support/s3-store.ts";

const VERIFIER = fileURLToPath(
  new URL("../packages/audit-verifier/bin/floe-audit-verify.js", import.meta.url),
);
const call = () => ({ signal: AbortSignal.timeout(30_000) });
const probe = (...backends: [AuditBackend, ...AuditBackend[]]) =>
  probeBackend(backends, { ...call(), chain: `floe-probe/${randomUUID()}` });
const bytes = (text: string) => new TextEncoder().encode(text);

async function findings(backend: AuditBackend, chain: string): Promise<AuditFinding[]> {
  const found: AuditFinding[] = [];
  for await (const finding of backend.verifyStore?.(chain, call()) ?? []) found.push(finding);
  return found;
}

describe("radosgw", () => {
  let server: S3Server;
  let client: S3Client;
  beforeAll(async () => {
    server = await startRadosgw({ signal: AbortSignal.timeout(100_000) });
    process.env["FLOE_RADOSGW_KEYS"] = `${server.accessKeyId}:${server.secretAccessKey}`;
    client = clientOf(server);
  });
  afterAll(async () => {
    client?.destroy();
    await server?.[Symbol.asyncDispose]();
  });

  const open = async (kind: BucketKind) => openS3Ledger(server, await makeBucket(client, kind));

  test("keeps writers apart on a plain bucket, and is found to", async () => {
    const bucket = await makeBucket(client, { kind: "plain" });
    await using backend = await openS3Ledger(server, bucket);
    await using other = await openS3Ledger(server, bucket);
    expect(await probe(backend, other)).toMatchObject({
      capabilities: { serialises: "strong", worm: "none" },
      findings: [],
    });
  });

  // What a store can get wrong by itself; the rest is run on a server that starts faster.
  test.each(
    auditBackendChecks(s3, "s3", {
      packageJson: new URL("../plugins/audit-s3/package.json", import.meta.url),
      module: new URL("../plugins/audit-s3/src/index.ts", import.meta.url),
      validConfigs: [{ bucket: "acme-ledgers" }],
      invalidConfigs: [],
      rounds: 20,
      async makeStore() {
        const bucket = await makeBucket(client, { kind: "plain" });
        const config = {
          bucket,
          endpoint: server.endpoint,
          credentials_ref: "env:FLOE_RADOSGW_KEYS",
        };
        return { config, async [Symbol.asyncDispose]() {} };
      },
    })
      .filter(({ name }) =>
        /lets exactly one|when its process is killed|every byte|prunes/.test(name),
      )
      .map(({ name, run }) => [name, run] as const),
  )("on a plain bucket %s", async (_, run) => {
    await run();
  });

  test("has its part of a ledger that began in a registry, went through PostgreSQL and goes on in SQLite and the registry", async ({
    signal,
  }) => {
    await using store = await postgresStore();
    const bucket = await s3Store(server);
    const registry = { backend: "oci" };
    const places = [
      { backend: "postgres", with: { url_ref: "env:AUDIT_URL", schema: store.schema } },
      bucket.audit,
      { backend: "database", database_url: "sqlite:ledger.db" },
      registry,
    ];
    const versions = ["v1.0.0", ...places.map((_, index) => `v1.${index + 1}.0`)];
    await using project = await ledgerProject({
      ...{ audit: registry, versions, registry: "docker-registry", signal },
      env: { ...bucket.env, AUDIT_URL: store.url },
    });
    await project.done("promote", "v1.0.0", "--to", "dev");
    let events = 3;
    for (const [index, place] of places.entries()) {
      const use = manifestFor(project, place);
      await project.done("audit", "move", "--to", "new.yaml");
      if (index === 0)
        expect(await project.json("promote", "v1.1.0", "--to", "dev")).toMatchObject({
          code: 18,
          said: { error: { code: "FLOE_LEDGER_ELSEWHERE" } },
        });
      use();
      await project.done("promote", `v1.${index + 1}.0`, "--to", "dev");
      events += 3;
      expect([place, await answersOf(project, "dev")]).toEqual([
        place,
        `0: ok ok ok not_checked, ${events} events`,
      ]);
      expect(await standingOf(project, "dev")).toEqual({
        version: `v1.${index + 1}.0`,
        drift: null,
        ledger: place === registry ? "advisory" : "strong",
      });
    }
    // Back to what was there before it was moved at all.
    await project.done("rollback", "v1.0.0", "--env", "dev", "--reason", "broken");
    expect(await standingOf(project, "dev")).toMatchObject({ version: "v1.0.0", drift: null });
    expect(await answersOf(project, "dev")).toBe(`0: ok ok ok not_checked, ${events + 2} events`);
    // An auditor sees all five places, and each verifier says the same of them.
    const file = join(project.folder, "dev.bundle");
    await project.done("audit", "bundle", "--env", "dev", "--out", file);
    const key = join(project.folder, "keys/release.pub");
    const unanchored = ["--allow-unchecked", "anchoring"];
    await project.done("audit", "verify", "--bundle", file, "--trust", key, ...unanchored);
    const verifier = [VERIFIER, "--key", key, ...unanchored, file];
    const offline = await run(process.execPath, verifier, { cwd: project.folder, signal });
    expect([offline.exitCode, offline.stdout]).toEqual([
      0,
      expect.stringContaining(`dev: ${events + 2} events, oci, advisory`),
    ]);
    const ends = readFileSync(file, "utf8").match(/"type":"behind"/g);
    expect(ends).toHaveLength(places.length);
    const history = (await project.done("platform", "history", "--env", "dev")) as Row[];
    expect(history.map(({ seq }) => Number(seq)).toReversed()).toEqual(
      history.map((_, index) => index),
    );
    expect(history).toHaveLength(events + 2);
  });

  test("keeps checkpoints where nobody can take them away unseen", async () => {
    const bucket = await makeBucket(client, { kind: "locked" });
    const settings = { object_lock: { mode: "compliance", days: 1 } };
    await using anchors = await openS3Anchors(server, bucket, settings);
    const ledger = { chain: "acme/oci://r.example/app#prod", environment: "prod" };
    const newest = async () => Buffer.from((await anchors.newest(ledger, call())) ?? []).toString();
    const put = (size: number) => anchors.put(ledger, { size, note: bytes(`of ${size}`) }, call());
    const found = async () => {
      const codes: string[] = [];
      for await (const { code } of anchors.verifyStore?.(ledger, call()) ?? []) codes.push(code);
      return codes;
    };
    expect(await newest()).toBe("");
    for (const size of [9, 10, 9]) await put(size);
    expect([await newest(), await found()]).toEqual(["of 10", []]);
    const { Versions: [first] = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket }),
    );
    const target = { Bucket: bucket, Key: first?.Key ?? "" };
    const away = new DeleteObjectCommand({ ...target, VersionId: first?.VersionId });
    await expect(client.send(away)).rejects.toMatchObject({ name: "AccessDenied" });
    await client.send(new DeleteObjectCommand(target));
    expect([await newest(), await found()]).toEqual(["of 9", ["delete_marker"]]);
  });

  // One after the other it answers 412. It is racing that shows what a second look at a slot would not.
  test.each<BucketKind>([{ kind: "versioned" }, { kind: "locked", days: 1 }])(
    "lets several win on a $kind bucket, and is found to",
    async (kind) => {
      await using backend = await open(kind);
      await backend.claim("c", 0, bytes("a"), call());
      expect((await backend.claim("c", 0, bytes("b"), call())).status).toBe("taken");

      const seen = await probe(backend);

      expect(seen.capabilities.serialises).toBe("advisory");
      // A round may go well by luck: it is one of twelve that has to show it.
      expect(seen.findings[0]).toMatch(/of 16 writers won slot \d+$/);
    },
  );

  test("holds what Object Lock keeps, and shows who was there all the same", async () => {
    const bucket = await makeBucket(client, { kind: "locked", days: 1 });
    await using backend = await openS3Ledger(server, bucket);
    for (const seq of [0, 1, 2]) await backend.claim("c", seq, bytes(`event ${seq}`), call());
    expect((await backend.probe?.(call()))?.capabilities.worm).toBe("compliance");
    expect(await findings(backend, "c")).toEqual([]);
    await expect(backend.prune?.("c", 0, call())).rejects.toMatchObject({
      failure: "denied",
      message: expect.stringContaining("Object Lock keeps") as string,
    });
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const event = listed.Versions?.find(({ Key }) => Key?.endsWith("-1"));
    const { Key, VersionId } = event ?? {};

    await expect(
      client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId })),
    ).rejects.toMatchObject({ name: "AccessDenied" });
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));

    expect(await findings(backend, "c")).toMatchObject([
      { code: "delete_marker", seq: 1, tampering: true },
    ]);
  });

  test("asks for Object Lock with every event where the manifest does", async () => {
    const bucket = await makeBucket(client, { kind: "locked" });
    const lock = { object_lock: { mode: "governance", days: 3 } };
    await using backend = await openS3Ledger(server, bucket, lock);
    await backend.claim("c", 0, bytes("a"), call());
    await backend.claim("c", 1, bytes("b"), call());
    expect(backend.capabilities().worm).toBe("governance");
    await expect(backend.prune?.("c", 0, call())).rejects.toMatchObject({ failure: "denied" });
  });

  test("says who asks with the wrong secret that it does not know them", async () => {
    const bucket = await makeBucket(client, { kind: "plain" });
    const stranger = { ...server, secretAccessKey: "another-secret" };
    await using backend = await openS3Ledger(stranger, bucket);
    const asked = [backend.head("c", call()), backend.claim("c", 0, bytes("a"), call())];
    await Promise.all(
      asked.map((ask) => expect(ask).rejects.toMatchObject({ failure: "unauthenticated" })),
    );
  });

  test("says that a bucket is not there, which is no empty ledger", async () => {
    await using backend = await openS3Ledger(server, "no-such-bucket");
    await expect(backend.head("c", call())).rejects.toMatchObject({
      failure: "unavailable",
      hint: expect.stringContaining("Make the bucket") as string,
    });
  });
});

test("s3rver, which ignores conditions and says 200, is found to", async () => {
  const dir = await mkdtemp(join(tmpdir(), "floe-s3rver-"));
  const port = await freePort();
  const package_ = createRequire(import.meta.url).resolve("s3rver/package.json");
  const program = join(dirname(package_), "bin/s3rver.js");
  const place = ["-d", dir, "-a", "127.0.0.1", "-p", String(port)];
  const command = [process.execPath, program, ...place, "--no-vhost-buckets"];
  const logFile = join(dir, "s3rver.log");
  await using daemon = startDaemon(command, { cwd: dir, env: {}, logFile });
  const server = {
    endpoint: `http://127.0.0.1:${port}`,
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
  };
  while ((await fetch(server.endpoint).catch(() => null)) === null) {
    if (daemon.ended() !== null) throw new Error(daemon.log());
    await sleep(50);
  }
  const client = clientOf(server);
  await using backend = await openS3Ledger(server, await makeBucket(client, { kind: "plain" }));

  const seen = await probe(backend);

  expect(seen.capabilities.serialises).toBe("advisory");
  expect(seen.findings[0]).toMatch(/of 16 writers won slot \d+$/);
  client.destroy();
  await rm(dir, { recursive: true, maxRetries: 3, force: true });
});
