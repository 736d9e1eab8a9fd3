import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Digest } from "@floe/core/model";
import type { Answer, RegistryRequest } from "./answer.ts";
import { createFaultQueue, distort, type FaultAction, type FaultQueue } from "./faults.ts";
import { openRepository, type RegistryContext } from "./registry-context.ts";
import {
  DEFAULT_SETTINGS,
  type RegistryOptions,
  type RegistrySettings,
} from "./registry-options.ts";
import {
  copyRepository,
  digestLike,
  findManifest,
  type RepositoryState,
  type StoredManifest,
} from "./repository-state.ts";
import { routeRequest } from "./route-request.ts";
import { createTokenService } from "./token-service.ts";

/** One request as it came in. */
export interface LoggedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** 0: not answered yet, or never. */
  readonly status: number;
}

/** The contents of a registry at one moment, for {@link TestRegistry.restore}. */
export interface RegistrySnapshot {
  readonly repositories: ReadonlyMap<string, RepositoryState>;
}

/** A registry inside the test's own process. */
export interface TestRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Every request since the start or the last reset, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** Applied changes: manifest PUTs, finished or mounted blobs, deletions. */
  readonly writes: number;
  readonly faults: FaultQueue;
  /** Changes settings while it runs. */
  configure(settings: Partial<RegistrySettings>): void;
  /** The names of all repositories. */
  repositories(): string[];
  /** Tag to digest. */
  tags(repository: string): Record<string, Digest>;
  /** A manifest by tag or digest. */
  manifest(repository: string, reference: string): StoredManifest | null;
  blob(repository: string, digest: string): Uint8Array | null;
  blobCount(repository: string): number;
  /** How many uploads were begun and neither finished nor cancelled. */
  uploadCount(repository: string): number;
  /** Stores a manifest without any check or request, under its digest and a tag, as somebody outside would. */
  plant(
    repository: string,
    manifest: { bytes: Uint8Array; mediaType: string; tag?: string },
  ): Digest;
  /** Removes a tag without a request. */
  removeTag(repository: string, tag: string): void;
  /** An `Authorization` value that is good for everything, or `null` if none is needed. */
  authorization(): string | null;
  /** Makes every token invalid that was given so far. */
  revokeTokens(): void;
  /** Forgets contents, log, counts, tokens and faults. Settings stay. */
  reset(): void;
  /** Keeps what the registry holds now, so that many runs can begin from it. */
  snapshot(): RegistrySnapshot;
  /** Forgets everything as `reset` does, then holds what it held at the snapshot. */
  restore(snapshot: RegistrySnapshot): void;
  close(): Promise<void>;
}

/**
 * Starts an OCI registry (distribution-spec 1.1) on 127.0.0.1 with an ephemeral port. It checks what it is given
 * and keeps everything in memory.
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const { tls, ...given } = options;
  let settings: RegistrySettings = { ...DEFAULT_SETTINGS, ...given };
  let origin = "";
  const context: RegistryContext = {
    repositories: new Map<string, RepositoryState>(),
    settings: () => settings,
    origin: () => origin,
  };
  const tokens = createTokenService(context);
  const faults = createFaultQueue();
  let requests: { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] }[] = [];
  let writes = 0;
  let ordinals = 0;

  /** Decides, applies and tells the hook. `null`: the hook wants the connection closed. */
  async function perform(request: RegistryRequest): Promise<Answer | null> {
    const planned = routeRequest(context, tokens, request);
    if (planned.kind === "answer") return planned.answer;
    const { onWrite } = settings;
    const { method, path } = request;
    ordinals += 1;
    const ordinal = ordinals;
    let decided = planned;
    if (onWrite !== null) {
      if ((await onWrite({ ordinal, phase: "before", method, path })) === "drop") return null;
      // Others may have written while the hook ran.
      const again = routeRequest(context, tokens, request);
      if (again.kind === "answer") return again.answer;
      decided = again;
    }
    const done = decided.apply();
    writes += 1;
    if ((await onWrite?.({ ordinal, phase: "after", method, path })) === "drop") return null;
    return done;
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", origin);
    const path = decodeURIComponent(url.pathname);
    const method = incoming.method ?? "GET";
    const entry = { method, path, query: url.search, headers: incoming.headers, status: 0 };
    requests.push(entry);
    const fault = faults.take({ method, path });
    if (fault?.kind === "drop") {
      incoming.socket.destroy();
      return;
    }
    if (fault?.kind === "stall-upload") return;
    const body = await readBody(incoming);
    if (fault?.kind === "stall") return;
    if (fault?.kind === "delay") await new Promise((done) => setTimeout(done, fault.milliseconds));
    if (fault?.kind === "hold") await fault.until;
    const request = { method, path, query: url.searchParams, headers: incoming.headers, body };
    const skipped = fault?.kind === "status" && fault.apply !== true;
    const performed = skipped ? NOTHING : await perform(request);
    if (performed === null || fault?.kind === "drop-answer") {
      incoming.socket.destroy();
      return;
    }
    const final = fault === null ? performed : distort(performed, fault);
    entry.status = final.status;
    send(outgoing, method, final, { fault, date: settings.now() });
  }

  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // A client that goes away in the middle of its body is an ordinary event here.
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", listening);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = `${tls === undefined ? "http" : "https"}://${host}`;

  function reset(): void {
    context.repositories.clear();
    tokens.revoke();
    faults.clear();
    requests = [];
    writes = 0;
    ordinals = 0;
  }

  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    await closed;
  }

  return {
    url: origin,
    host,
    get requests() {
      return requests;
    },
    get writes() {
      return writes;
    },
    faults,
    configure(changed) {
      settings = { ...settings, ...changed };
    },
    repositories: () => [...context.repositories.keys()].sort(),
    tags: (repository) => Object.fromEntries(context.repositories.get(repository)?.tags ?? []),
    manifest(repository, reference) {
      const state = context.repositories.get(repository);
      return state === undefined ? null : findManifest(state, reference);
    },
    blob: (repository, digest) => context.repositories.get(repository)?.blobs.get(digest) ?? null,
    blobCount: (repository) => context.repositories.get(repository)?.blobs.size ?? 0,
    uploadCount: (repository) => context.repositories.get(repository)?.uploads.size ?? 0,
    plant(repository, { bytes, mediaType, tag }) {
      const state = openRepository(context, repository);
      const digest = digestLike(bytes);
      state.manifests.set(digest, { digest, mediaType, bytes });
      if (tag !== undefined) state.tags.set(tag, digest);
      return digest;
    },
    removeTag(repository, tag) {
      context.repositories.get(repository)?.tags.delete(tag);
    },
    authorization: () => tokens.masterAuthorization(),
    revokeTokens: () => tokens.revoke(),
    reset,
    snapshot: () => ({ repositories: copyRepositories(context.repositories) }),
    restore(snapshot) {
      reset();
      for (const [name, state] of copyRepositories(snapshot.repositories)) {
        context.repositories.set(name, state);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function copyRepositories(
  from: ReadonlyMap<string, RepositoryState>,
): Map<string, RepositoryState> {
  return new Map([...from].map(([name, state]) => [name, copyRepository(state)]));
}

const NOTHING: Answer = { status: 200, headers: {}, body: new Uint8Array() };

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(
  outgoing: ServerResponse,
  method: string,
  given: Answer,
  { fault, date }: { readonly fault: FaultAction | null; readonly date: Date },
): void {
  const length = given.headers["content-length"] ?? String(given.body.length);
  const { "content-length": _, ...others } = given.headers;
  // A fault may ask for a chunked body, which has no length.
  const sized = "transfer-encoding" in others ? {} : { "content-length": length };
  const headers = { ...sized, ...others };
  outgoing.writeHead(given.status, { date: date.toUTCString(), ...headers });
  if (fault?.kind === "truncate" || fault?.kind === "stall-body") {
    const part = given.body.subarray(0, fault.bytes ?? Math.floor(given.body.length / 2));
    outgoing.write(part, () => {
      if (fault.kind === "truncate") outgoing.socket?.destroy();
    });
    return;
  }
  outgoing.end(method === "HEAD" ? undefined : given.body);
}
