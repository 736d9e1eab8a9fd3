import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3Config } from "./config.ts";
import { type OpenClient, openClient, type S3Services } from "./open-client.ts";
import { asStoreError, isNotStored, isPassing, refusalOf, storeError } from "./store-error.ts";

/** Bytes; larger objects are not events. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/** Pauses before what was refused in passing is asked again, in milliseconds; about 1.5 s in all. */
const PAUSES_MS = [50, 100, 200, 400, 800];

/** An object as it is now. */
export interface StoredObject {
  readonly bytes: Uint8Array;
  /** Changes with the object. */
  readonly etag: string;
  /** The server's clock. */
  readonly storedAt?: Date;
}

/** How a conditional write ended. */
export type Written =
  | { readonly status: "stored"; readonly etag: string; readonly storedAt?: Date }
  | { readonly status: "exists" };

/** A listed object. */
export interface Listed {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

/** One bucket, asked over HTTP with the caller's deadline, and asked again where that is safe. */
export interface Bucket extends AsyncDisposable {
  /** What messages call it. */
  readonly name: string;
  /** Writes an object if there is none. An answer that is lost is an error that is `indeterminate`. */
  create(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<Written>;
  /** `null`: there is none. */
  get(key: string, signal: AbortSignal): Promise<StoredObject | null>;
  exists(key: string, signal: AbortSignal): Promise<boolean>;
  /** One page of keys in ascending order. */
  list(
    range: { readonly prefix: string; readonly after?: string; readonly most: number },
    signal: AbortSignal,
  ): Promise<{ readonly objects: readonly Listed[]; readonly more: boolean }>;
  /** Sends any other request of the SDK; what it throws is the SDK's. */
  ask<Answer>(
    send: (open: OpenClient, at: BucketAt, call: CallSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer>;
}

/** What every request names. */
export interface BucketAt {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

/** Options of the SDK's calls. */
interface CallSignal {
  readonly abortSignal: AbortSignal;
}

/** Opens a bucket; the SDK is loaded by the first request. `now` is the local clock, for retention. */
export function openBucket(
  config: S3Config,
  services: S3Services,
  now: () => Date = () => new Date(),
): Bucket {
  const name = `bucket ${config.bucket}`;
  const at: BucketAt = {
    Bucket: config.bucket,
    ...(config.expectedBucketOwner === null
      ? {}
      : { ExpectedBucketOwner: config.expectedBucketOwner }),
  };
  let opening: Promise<OpenClient> | null = null;
  let closed = false;

  async function open(): Promise<OpenClient> {
    if (closed) throw storeError("refused", "the backend was closed");
    opening ??= openClient(config, services);
    return await opening.catch((cause: unknown) => {
      // Whoever comes next tries again: the secret may be there by then.
      opening = null;
      throw cause;
    });
  }

  // Waiting for keys from a role does not listen to the signal, so it is raced.
  const ask: Bucket["ask"] = async (send, signal) => {
    signal.throwIfAborted();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const answer = open().then((opened) => send(opened, at, { abortSignal: signal }));
      answer.catch(() => undefined);
      return await Promise.race([answer, stopped]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };

  // What only reads can be asked as often as one likes.
  async function read<Answer>(
    send: Parameters<typeof ask<Answer>>[0],
    signal: AbortSignal,
  ): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ask(send, signal);
      } catch (cause) {
        signal.throwIfAborted();
        const pause = PAUSES_MS[attempt];
        const refusal = refusalOf(cause);
        const cut =
          refusal.status === null && /^(?:ECONNRESET|EPIPE|TimeoutError)$/.test(refusal.code);
        if (pause === undefined || !(isPassing(refusal) || cut)) throw cause;
        await sleep(pause * (0.5 + Math.random()), undefined, { signal });
      }
    }
  }

  const lockOf = (): Record<string, unknown> =>
    config.objectLock === null
      ? {}
      : {
          ObjectLockMode: config.objectLock.mode === "compliance" ? "COMPLIANCE" : "GOVERNANCE",
          ObjectLockRetainUntilDate: new Date(
            now().getTime() + config.objectLock.days * 24 * 3600 * 1000,
          ),
        };

  return {
    name,
    ask,

    async create(key, bytes, signal) {
      let unsure: unknown = null;
      for (let attempt = 0; ; attempt += 1) {
        let date: string | undefined;
        try {
          const input = {
            ...at,
            ...lockOf(),
            Key: key,
            // The SDK would take a view of a larger buffer for all of it.
            Body: Buffer.from(bytes),
            IfNoneMatch: "*",
            ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
            ContentType: "application/octet-stream",
          };
          const { ETag } = await ask(async ({ sdk, client }, _, call) => {
            const command = new sdk.PutObjectCommand(input);
            watchDate(command, (told) => {
              date = told;
            });
            return await client.send(command, call);
          }, signal);
          return { status: "stored", etag: ETag ?? "", ...timeOf(date) };
        } catch (cause) {
          // It did not come to sending: the keys or the SDK are missing.
          if (cause instanceof Error && "failure" in cause) throw cause;
          const refusal = refusalOf(cause);
          if (refusal.status === 412) return { status: "exists" };
          if (signal.aborted || !isNotStored(refusal)) unsure = cause;
          const pause = PAUSES_MS[attempt];
          if (signal.aborted || pause === undefined || !isPassing(refusal))
            throw unsure === null ? asStoreError(cause, name) : unknownOf(unsure, name);
          await sleep(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
        }
        if (signal.aborted && unsure !== null) throw unknownOf(unsure, name);
      }
    },

    async get(key, signal) {
      try {
        return await read(async ({ sdk, client }, _, call) => {
          const command = new sdk.GetObjectCommand({ ...at, Key: key, ChecksumMode: "ENABLED" });
          const { Body, ContentLength, ETag, LastModified } = await client.send(command, call);
          const bytes = await readCapped(Body as AsyncIterable<Uint8Array>, ContentLength, key);
          return { bytes, etag: ETag ?? "", ...(LastModified ? { storedAt: LastModified } : {}) };
        }, signal);
      } catch (cause) {
        signal.throwIfAborted();
        if (isAbsent(cause)) return null;
        throw asStoreError(cause, name);
      }
    },

    async exists(key, signal) {
      try {
        await read(
          ({ sdk, client }, _, call) =>
            client.send(new sdk.HeadObjectCommand({ ...at, Key: key }), call),
          signal,
        );
        return true;
      } catch (cause) {
        signal.throwIfAborted();
        if (isAbsent(cause)) return false;
        throw asStoreError(cause, name);
      }
    },

    async list({ prefix, after, most }, signal) {
      try {
        const { Contents = [], IsTruncated } = await read(
          ({ sdk, client }, _, call) =>
            client.send(
              new sdk.ListObjectsV2Command({
                ...at,
                Prefix: prefix,
                MaxKeys: most,
                ...(after === undefined ? {} : { StartAfter: after }),
              }),
              call,
            ),
          signal,
        );
        return {
          more: IsTruncated === true,
          objects: Contents.flatMap(({ Key, Size, ETag }) =>
            Key === undefined ? [] : [{ key: Key, size: Size ?? 0, etag: ETag ?? "" }],
          ),
        };
      } catch (cause) {
        signal.throwIfAborted();
        throw asStoreError(cause, name);
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      const opened = await opening?.catch(() => null);
      opened?.client.destroy();
      opening = null;
    },
  };
}

/** A missing object; a missing bucket is another matter. HEAD has no body that could say which, so GET and LIST do. */
function isAbsent(cause: unknown): boolean {
  const { status, code } = refusalOf(cause);
  return status === 404 && code !== "NoSuchBucket";
}

function unknownOf(cause: unknown, name: string): Error {
  const { message } = asStoreError(cause, name);
  return storeError("unavailable", `whether the event was stored is not known: ${message}`, {
    indeterminate: true,
    cause,
  });
}

function timeOf(date: string | undefined): { readonly storedAt?: Date } {
  const milliseconds = Date.parse(date ?? "");
  return Number.isNaN(milliseconds) ? {} : { storedAt: new Date(milliseconds) };
}

// The answer to a write holds no time but that of its head, which the SDK does not hand out.
function watchDate(command: PutObjectCommand, told: (date: string | undefined) => void): void {
  command.middlewareStack.add(
    (next) => async (given) => {
      const result = await next(given);
      const { headers } = result.response as { headers?: Record<string, string> };
      told(headers?.["date"]);
      return result;
    },
    { step: "deserialize", name: "floeDate", priority: "low" },
  );
}

async function readCapped(
  body: AsyncIterable<Uint8Array>,
  length: number | undefined,
  key: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = length ?? 0;
  if (size <= MAX_EVENT_BYTES) {
    size = 0;
    // Leaving the loop early ends the connection.
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > MAX_EVENT_BYTES) break;
      chunks.push(chunk);
    }
  } else (body as { destroy?: () => void }).destroy?.();
  if (size > MAX_EVENT_BYTES)
    throw storeError("corrupt", `${key} is larger than any event`, {
      hint: "Somebody wrote it there. Compare with a copy that you trust.",
    });
  return new Uint8Array(Buffer.concat(chunks));
}
