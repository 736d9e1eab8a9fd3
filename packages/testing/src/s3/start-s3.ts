import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type S3Answer, type S3Request, s3Error } from "./s3-answer.ts";
import { answerBucket } from "./s3-lists.ts";
import { answerObject, type S3Context } from "./s3-objects.ts";
import { isDenied } from "./s3-policy.ts";
import { DEFAULT_S3_SETTINGS, type S3Fault, type S3Settings } from "./s3-settings.ts";
import { copyBucket, currentOf, keysOf, putVersion, type S3Bucket, versionOf } from "./s3-state.ts";

/** Contents of the bucket at one moment, for {@link TestS3.restore}. */
export interface S3Snapshot {
  readonly bucket: S3Bucket;
}

/** An S3 server with one bucket inside the test's own process. */
export interface TestS3 extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Keys that it knows; requests signed with others are `InvalidAccessKeyId`. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Method and path of every request since the start or the last reset, in order of arrival. */
  readonly requests: readonly string[];
  /** Changes settings while it runs. */
  configure(settings: Partial<S3Settings>): void;
  addFault(fault: S3Fault): void;
  /** Current keys with a prefix, in order. */
  keys(prefix?: string): string[];
  /** The current content of a key; `null`: there is none. */
  object(key: string): Uint8Array | null;
  /** Writes without a request, as somebody with the rights would: a new version, where the bucket keeps them. */
  plant(key: string, bytes: Uint8Array): void;
  /** Deletes without a request: a mark, where the bucket keeps versions. */
  remove(key: string): void;
  resetRequests(): void;
  snapshot(): S3Snapshot;
  restore(snapshot: S3Snapshot): void;
  /** Ends what a black hole has kept waiting. */
  dropConnections(): void;
}

/** A request may be so many milliseconds off, as on AWS. */
const SKEW_MS = 15 * 60 * 1000;

/**
 * Starts a small S3 server on 127.0.0.1 with an ephemeral port: PutObject with `If-None-Match` and checksums, GET, HEAD,
 * DELETE, ListObjectsV2, versions and Object Lock, in memory. Requests have to be signed by a key that it knows, for this
 * time and these bytes; the signature itself is not computed again.
 */
export async function startS3(settings: Partial<S3Settings> = {}): Promise<TestS3> {
  let current: S3Settings = { ...DEFAULT_S3_SETTINGS, ...settings };
  let bucket: S3Bucket = new Map();
  let requests: string[] = [];
  const faults: { readonly fault: S3Fault; left: number }[] = [];
  const sockets = new Set<Socket>();
  const [name, accessKeyId, secretAccessKey] = ["ledgers", "floe-test", "floe-test-secret"];
  const now = (): Date => new Date(Date.now() + current.clockAheadMs);
  const context = (): S3Context => ({ bucket, settings: current, now: now() });

  async function answer(request: S3Request, path: string): Promise<S3Answer> {
    const refused = refusalOf(request, accessKeyId, now());
    if (refused) return refused;
    if (path !== name) return s3Error(404, "NoSuchBucket");
    const writes = request.method !== "GET" && request.method !== "HEAD";
    if (current.access === "none" || (current.access === "read-only" && writes))
      return s3Error(403, "AccessDenied");
    if (current.policy && isDenied(current.policy, request, name, now()))
      return s3Error(403, "AccessDenied", "Access denied with an explicit deny in the policy");
    if (current.full && request.method === "PUT") return s3Error(507, "XMinioStorageFull");
    return request.key === ""
      ? answerBucket(request, context())
      : await answerObject(request, context);
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://s3");
    const method = incoming.method ?? "GET";
    requests.push(`${method} ${incoming.url}`);
    const body = await readBody(incoming);
    if (current.blackHole) return;
    const [path = "", ...rest] = url.pathname.slice(1).split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const fault = faults.find(({ fault: { match }, left }) => left > 0 && match({ method, key }));
    if (fault) fault.left -= 1;
    const action = fault?.fault.action;
    if (action?.kind === "drop") return void incoming.socket.destroy();
    const request = { method, key, query: url.searchParams, headers: incoming.headers, body };
    const said =
      action?.kind === "answer" ? s3Error(action.status, action.code) : await answer(request, path);
    if (action?.kind === "lose-reply") return void incoming.socket.destroy();
    outgoing.writeHead(said.status, { date: now().toUTCString(), ...said.headers });
    outgoing.end(method === "HEAD" ? undefined : said.body);
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const keeps = (): boolean => current.versioning || current.objectLock !== null;

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: name,
    accessKeyId,
    secretAccessKey,
    get requests() {
      return requests;
    },
    configure(changed) {
      current = { ...current, ...changed };
    },
    addFault: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    keys: (prefix = "") => keysOf(bucket, prefix).filter((key) => currentOf(bucket, key)),
    object: (key) => currentOf(bucket, key)?.bytes ?? null,
    plant: (key, bytes) =>
      putVersion(bucket, key, versionOf(bytes, { versioning: keeps(), modifiedAt: now() })),
    remove(key) {
      if (keeps())
        putVersion(bucket, key, versionOf(null, { versioning: true, modifiedAt: now() }));
      else bucket.delete(key);
    },
    resetRequests() {
      requests = [];
    },
    snapshot: () => ({ bucket: copyBucket(bucket) }),
    restore(snapshot) {
      bucket = copyBucket(snapshot.bucket);
    },
    dropConnections,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      dropConnections();
      await closed;
    },
  };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=[0-9a-f]{64}$/;

/** What SigV4 has against a request, as far as it is looked at: who, when, and which bytes. */
function refusalOf(request: S3Request, knownKey: string, now: Date): S3Answer | null {
  const { headers, body } = request;
  const [, key, signed = ""] = AUTHORIZATION.exec(String(headers["authorization"])) ?? [];
  if (key === undefined) return s3Error(403, "AccessDenied", "Anonymous access is forbidden");
  if (key !== knownKey) return s3Error(403, "InvalidAccessKeyId");
  const names = signed.split(";");
  const written = Object.keys(headers).filter((header) => header.startsWith("x-amz-"));
  if (!["host", ...written].every((header) => names.includes(header)))
    return s3Error(403, "AccessDenied", "There were headers present which were not signed");
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (headers["x-amz-content-sha256"] !== sha256) return s3Error(400, "XAmzContentSHA256Mismatch");
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(String(headers["x-amz-date"])) ?? [];
  const at = Date.parse(
    `${day?.replace(/^(....)(..)/, "$1-$2-")}T${time?.replace(/^(..)(..)/, "$1:$2:")}Z`,
  );
  return Math.abs(at - now.getTime()) <= SKEW_MS ? null : s3Error(403, "RequestTimeTooSkewed");
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}
