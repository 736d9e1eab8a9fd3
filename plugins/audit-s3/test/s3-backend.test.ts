import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { AuditBackend, AuditBackendError, AuditEntry, AuditFinding } from "@floe/core/plugin";
import { type S3Policy, type S3Settings, startS3, type TestS3 } from "@floe/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { S3Config } from "../src/config.ts";
import { createS3Backend } from "../src/s3-backend.ts";
import { chainPrefix, slotKey } from "../src/slot-key.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const call = () => ({ signal: AbortSignal.timeout(10_000) });
const bytes = (text: string) => new TextEncoder().encode(text);
const key = (seq: number) => slotKey(chainPrefix("floe/", "c"), seq);
const days = (count: number) => count * 24 * 3600 * 1000;

async function aServer(settings: Partial<S3Settings> = {}): Promise<TestS3> {
  const server = await startS3(settings);
  opened.push(server);
  return server;
}

async function backendOf(
  server: TestS3,
  settings: Readonly<Record<string, unknown>> = {},
  secret?: string,
): Promise<AuditBackend> {
  const backend = await open(server, settings, secret);
  opened.push(backend as AuditBackend & AsyncDisposable);
  return backend;
}

async function open(
  server: TestS3,
  settings: Readonly<Record<string, unknown>> = {},
  secret = `${server.accessKeyId}:${server.secretAccessKey}`,
): Promise<AuditBackend> {
  const { bucket, endpoint } = server;
  const given = { bucket, endpoint, credentials_ref: "env:KEYS", ...settings };
  const parsed = await S3Config["~standard"].validate(given);
  if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues));
  return createS3Backend(parsed.value, { readSecret: async () => secret });
}

async function failure(promise: Promise<unknown> | undefined): Promise<AuditBackendError> {
  return await (promise ?? Promise.resolve()).then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as AuditBackendError,
  );
}

async function readAll(backend: AuditBackend): Promise<AuditEntry[]> {
  const read: AuditEntry[] = [];
  for await (const entry of backend.read("c", 0, undefined, call())) read.push(entry);
  return read;
}

async function findings(backend: AuditBackend): Promise<AuditFinding[]> {
  const found: AuditFinding[] = [];
  for await (const finding of backend.verifyStore?.("c", call()) ?? []) found.push(finding);
  return found;
}

// Each waits for passing errors to pass; together they do not take longer than one.
describe.concurrent("an error of the server", () => {
  test.each<[number, string, AuditBackendError["failure"], boolean]>([
    [403, "AccessDenied", "denied", false],
    [403, "InvalidAccessKeyId", "unauthenticated", false],
    [403, "SignatureDoesNotMatch", "unauthenticated", false],
    [400, "ExpiredToken", "unauthenticated", false],
    [403, "RequestTimeTooSkewed", "unauthenticated", false],
    [403, "QuotaExceeded", "unavailable", false],
    [507, "XMinioStorageFull", "unavailable", false],
    [503, "SlowDown", "unavailable", false],
    [429, "TooManyRequests", "unavailable", false],
    [409, "ConditionalRequestConflict", "unavailable", false],
    [404, "NoSuchBucket", "unavailable", false],
    [301, "PermanentRedirect", "unavailable", false],
    [501, "NotImplemented", "refused", false],
    [500, "InternalError", "unavailable", true],
    [502, "BadGateway", "unavailable", true],
    [504, "GatewayTimeout", "unavailable", true],
  ])("%i %s on every write is told as what it is", async (status, code, kind, indeterminate) => {
    await using server = await startS3();
    const backend = await open(server);
    const match = ({ method }: { method: string }) => method === "PUT";
    server.addFault({ match, action: { kind: "answer", status, code }, times: 100 });

    const error = await failure(backend.claim("c", 0, bytes("a"), call()));

    expect([error.failure, error.indeterminate ?? false]).toEqual([kind, indeterminate]);
    expect(JSON.stringify([error.message, error.hint])).not.toContain(server.secretAccessKey);
  });

  test.each([500, 502, 503, 504, 429])("%i in passing is waited out", async (status) => {
    await using server = await startS3();
    const backend = await open(server);
    server.addFault({
      match: () => true,
      action: { kind: "answer", status, code: "InternalError" },
      times: 2,
    });
    expect(await backend.claim("c", 0, bytes("a"), call())).toMatchObject({
      status: "claimed",
      alreadyMine: false,
    });
  });
});

test("a write that was stored behind a 500 is found to be its own", async () => {
  const server = await aServer();
  const backend = await backendOf(server);
  const match = ({ method }: { method: string }) => method === "PUT";
  server.addFault({ match, action: { kind: "answer", status: 500, code: "InternalError" } });
  // As if the first had been stored: whoever comes second has the very same bytes.
  server.plant(key(0), bytes("a"));

  expect(await backend.claim("c", 0, bytes("a"), call())).toMatchObject({
    status: "claimed",
    alreadyMine: true,
  });
});

test("a server that is not there stores nothing, and it is known", async () => {
  const server = await aServer();
  const backend = await backendOf(server);
  await server[Symbol.asyncDispose]();
  opened.shift();
  const error = await failure(backend.claim("c", 0, bytes("a"), call()));
  expect(error).toMatchObject({ failure: "unavailable" });
  expect(error.indeterminate ?? false).toBe(false);
});

test("the server's clock says when an event was stored", async () => {
  const server = await aServer({ clockAheadMs: 5 * 60_000 });
  const backend = await backendOf(server);
  const claim = await backend.claim("c", 0, bytes("a"), call());
  const ahead = (date: Date | undefined) => ((date?.getTime() ?? 0) - Date.now()) / 60_000;
  expect(ahead(claim.status === "claimed" ? claim.storedAt : undefined)).toBeCloseTo(5, 0);
  expect(ahead((await backend.head("c", call()))?.entries[0]?.storedAt)).toBeCloseTo(5, 0);
});

test("a clock that is off by an hour is set by the server's answer", async () => {
  const server = await aServer({ clockAheadMs: 3600_000 });
  const backend = await backendOf(server);
  expect((await backend.claim("c", 0, bytes("a"), call())).status).toBe("claimed");
});

describe("keys for the server", () => {
  test("may be a pair or JSON", async () => {
    const server = await aServer();
    const json = JSON.stringify({
      access_key_id: server.accessKeyId,
      secret_access_key: server.secretAccessKey,
      session_token: "a-token",
    });
    for (const secret of [`${server.accessKeyId}:${server.secretAccessKey}\n`, json]) {
      const backend = await backendOf(server, {}, secret);
      expect(await backend.head("c", call())).toBeNull();
    }
  });

  test.each(["", "no-colon", "{", '{"access_key_id":"a"}', "null", "{}"])(
    "that are %j are refused, and not shown",
    async (secret) => {
      const error = await failure((await backendOf(await aServer(), {}, secret)).head("c", call()));
      expect(error).toMatchObject({
        failure: "unauthenticated",
        message: "env:KEYS holds no keys for S3",
      });
    },
  );
});

test("without keys anywhere, or without a region, it says where to put them", async () => {
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("HOME", "/nonexistent");
  for (const name of [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
  ])
    vi.stubEnv(name, undefined);
  const none = { credentials_ref: undefined };
  const server = await aServer();
  expect(await failure((await backendOf(server, none)).head("c", call()))).toMatchObject({
    failure: "unauthenticated",
    hint: expect.stringContaining("audit.with.credentials_ref") as string,
  });
  const claim = (await backendOf(server, none)).claim("c", 0, bytes("a"), call());
  expect((await failure(claim)).indeterminate ?? false).toBe(false);
  const nowhere = await backendOf(server, { endpoint: undefined });
  expect(await failure(nowhere.head("c", call()))).toMatchObject({
    failure: "unavailable",
    hint: "Set audit.with.region or AWS_REGION.",
  });
  vi.unstubAllEnvs();
});

describe("the bucket policy of the guide", () => {
  const guide = readFileSync(new URL("../../../docs/guides/audit.md", import.meta.url), "utf8");
  const [, json = ""] = /```json\n(\{\n {2}"Version"[^`]*)```/.exec(guide) ?? [];
  const policyFor = (bucket: string): S3Policy =>
    JSON.parse(json.replaceAll("acme-ledgers", bucket)) as S3Policy;

  test.each([{}, { object_lock: { mode: "compliance", days: 731 } }])(
    "lets floe do all that it does, with %j",
    async (settings) => {
      const server = await aServer({ objectLock: { mode: null, days: 0 } });
      server.configure({ policy: policyFor(server.bucket) });
      const backend = await backendOf(server, settings);
      for (const seq of [0, 1]) await backend.claim("c", seq, bytes(`${seq}`), call());
      const again = await backend.claim("c", 1, bytes("other"), call());
      expect([again.status, (await backend.head("c", call()))?.seq]).toEqual(["taken", 1]);
      expect((await readAll(backend)).length).toBe(2);
      expect(await findings(backend)).toEqual([]);
      await backend.probe?.(call());
    },
  );

  test("lets nobody write over an event, delete one, or keep one for a shorter time", async () => {
    const server = await aServer({ objectLock: { mode: null, days: 0 } });
    const backend = await backendOf(server);
    await backend.claim("c", 0, bytes("a"), call());
    server.configure({ policy: policyFor(server.bucket) });
    const { endpoint, bucket: Bucket, ...keys } = server;
    const client = new S3Client({
      endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: keys,
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    const lock = {
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: new Date(Date.now() + days(2)),
    } as const;
    const ChecksumSHA256 = createHash("sha256").update("x").digest("base64");
    const put = { Bucket, Body: "x", ChecksumSHA256 };
    for (const command of [
      new PutObjectCommand({ ...put, Key: key(0) }),
      new PutObjectCommand({ ...put, Key: key(1), IfNoneMatch: "*", ...lock }),
      new DeleteObjectCommand({ Bucket, Key: key(0) }),
      new DeleteObjectCommand({ Bucket, Key: key(0), VersionId: "any" }),
    ])
      await expect(
        client.send(command as PutObjectCommand),
        command.constructor.name,
      ).rejects.toMatchObject({ name: "AccessDenied" });
    client.destroy();
    expect(Buffer.from(server.object(key(0)) ?? []).toString()).toBe("a");
    // Outside of the prefix it is nobody's business.
    const other = await backendOf(server, { prefix: "other/" });
    expect((await other.claim("c", 0, bytes("a"), call())).status).toBe("claimed");
    expect(await failure(backend.prune?.("c", 0, call()))).toMatchObject({ failure: "refused" });
  });
});

describe("where it is", () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ endpoint: undefined, bucket: "acme" }, "s3://acme/floe/"],
    [
      { endpoint: "https://s3.example:9000/", bucket: "acme" },
      "s3:https://s3.example:9000/acme/floe/",
    ],
    [{ endpoint: undefined, bucket: "acme", prefix: "" }, "s3://acme/"],
    [{ endpoint: undefined, bucket: "acme", prefix: "a/b" }, "s3://acme/a/b/"],
  ])("is said without secrets: %j", async (settings, location) => {
    expect((await backendOf(await aServer(), settings)).location).toBe(location);
  });
});

describe("Object Lock", () => {
  const lock = { object_lock: { mode: "compliance", days: 730 } };

  test("is asked for with every event, and holds it", async () => {
    const server = await aServer({ objectLock: { mode: null, days: 0 } });
    const backend = await backendOf(server, lock);
    for (const seq of [0, 1, 2]) await backend.claim("c", seq, bytes(`${seq}`), call());

    expect((await backend.probe?.(call()))?.capabilities.worm).toBe("compliance");
    const error = await failure(backend.prune?.("c", 1, call()));
    expect(error).toMatchObject({ failure: "denied" });
    expect(error.message).toContain(new Date(Date.now() + days(730)).toISOString().slice(0, 10));
    expect(await findings(backend)).toEqual([]);
  });

  test("that the bucket has by itself is reported", async () => {
    const server = await aServer({ objectLock: { mode: "GOVERNANCE", days: 30 } });
    const backend = await backendOf(server);
    expect(backend.capabilities().worm).toBe("none");
    expect((await backend.probe?.(call()))?.capabilities.worm).toBe("governance");
  });

  test("that is asked for and not there takes no event", async () => {
    const server = await aServer();
    const backend = await backendOf(server, lock);
    expect(await failure(backend.probe?.(call()))).toMatchObject({ failure: "refused" });
    await failure(backend.claim("c", 0, bytes("a"), call()));
    expect(server.keys()).toEqual([]);
    expect((await findings(backend)).map(({ code }) => code)).toEqual([
      "no_versions",
      "no_object_lock",
    ]);
  });
});

describe("who changes a bucket with versions", () => {
  test.each<[string, (server: TestS3) => void, Partial<AuditFinding>]>([
    [
      "writes over an event",
      (s3) => s3.plant(key(1), bytes("x")),
      { code: "second_version", seq: 1 },
    ],
    ["deletes an event", (s3) => s3.remove(key(1)), { code: "delete_marker", seq: 1 }],
    [
      "puts something beside them",
      (s3) => s3.plant(`${key(1)}.bak`, bytes("x")),
      { code: "foreign_object" },
    ],
  ])("and %s is told of", async (_, change, expected) => {
    const server = await aServer({ versioning: true });
    const backend = await backendOf(server);
    for (const seq of [0, 1, 2]) await backend.claim("c", seq, bytes(`${seq}`), call());
    expect(await findings(backend)).toEqual([]);
    change(server);
    expect(await findings(backend)).toMatchObject([{ ...expected, tampering: true }]);
  });

  test("and cuts off the newest event and puts another there is told of twice", async () => {
    const server = await aServer({ versioning: true });
    const backend = await backendOf(server);
    for (const seq of [0, 1]) await backend.claim("c", seq, bytes(`${seq}`), call());
    server.remove(key(1));
    // The condition holds again: nothing is there now.
    const other = await backendOf(server);
    expect((await other.claim("c", 1, bytes("x"), call())).status).toBe("claimed");
    expect((await findings(backend)).map(({ code, seq }) => [code, seq])).toEqual([
      ["delete_marker", 1],
      ["second_version", 1],
    ]);
  });
});

test("pruning that was interrupted is no tampering, and is finished by pruning again", async () => {
  const server = await aServer({ versioning: true });
  const backend = await backendOf(server);
  for (const seq of [0, 1, 2]) await backend.claim("c", seq, bytes(`${seq}`), call());
  // What it does first: an empty object in the slot. Removing the version below did not happen any more.
  server.plant(key(0), new Uint8Array());
  expect(await findings(backend)).toMatchObject([
    { code: "prune_unfinished", seq: 0, tampering: false },
  ]);
  const read = () => readAll(backend);
  expect((await read()).map(({ seq }) => seq)).toEqual([1, 2]);

  await backend.prune?.("c", 1, call());

  expect(await findings(backend)).toEqual([]);
  expect((await read()).map(({ seq }) => seq)).toEqual([2]);
  // A process that has seen the slot before it comes late: the slot stays taken.
  expect(await failure(backend.claim("c", 1, bytes("late"), call()))).toMatchObject({
    failure: "refused",
  });
});

test("an event that was emptied in the middle is missing, and not pruned", async () => {
  const server = await aServer();
  const backend = await backendOf(server);
  for (const seq of [0, 1, 2]) await backend.claim("c", seq, bytes(`${seq}`), call());
  server.plant(key(1), new Uint8Array());
  const error = await failure(readAll(backend));
  expect(error).toMatchObject({ failure: "corrupt" });
  expect(error.message).toContain("slot 1 of c is missing");
});

test("an object that is larger than any event is not read", async () => {
  const server = await aServer();
  const backend = await backendOf(server);
  server.plant(key(0), new Uint8Array(1024 * 1024 + 1));
  for (const ask of [
    () => backend.head("c", call()),
    () => backend.claim("c", 0, bytes("a"), call()),
    () => readAll(backend),
  ])
    expect(await failure(ask())).toMatchObject({ failure: "corrupt" });
});

test("the newest of many events is found by one list and one read, and seen again by one list", async () => {
  const server = await aServer();
  const writer = await backendOf(server);
  for (let seq = 0; seq < 30; seq += 1) await writer.claim("c", seq, bytes(`${seq}`), call());
  // One write for each, and not a look at the slot before.
  expect(server.requests).toHaveLength(30);
  const reader = await backendOf(server);
  for (const expected of [2, 1]) {
    server.resetRequests();
    expect((await reader.head("c", call()))?.seq).toBe(29);
    expect(server.requests).toHaveLength(expected);
  }
  // What it has seen is not believed: the event was written over.
  server.plant(key(29), bytes("other"));
  const head = await reader.head("c", call());
  expect(Buffer.from(head?.entries[0]?.bytes ?? []).toString()).toBe("other");
});
