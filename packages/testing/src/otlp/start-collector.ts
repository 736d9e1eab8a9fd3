import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gunzipSync } from "node:zlib";
import { decodeOtlp } from "./otlp-messages.ts";
import {
  logsIn,
  type OtlpLog,
  type OtlpPoint,
  type OtlpSpan,
  pointsIn,
  spansIn,
} from "./received.ts";

/** One request that a collector got. */
export interface OtlpRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came, decompressed. */
  readonly body: Buffer;
}

/** A collector that takes OTLP over HTTP, in protobuf and in JSON, and shows what it got. */
export interface TestCollector extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly requests: readonly OtlpRequest[];
  readonly spans: readonly OtlpSpan[];
  readonly points: readonly OtlpPoint[];
  readonly logs: readonly OtlpLog[];
  /** The only span of a name. @throws {Error} there is none, or there are several */
  span(name: string): OtlpSpan;
  /** From now on every request is answered so; `hang`: never. `null`: they are taken. */
  refuse(how: { readonly status: number; readonly words?: string } | "hang" | null): void;
  /** Forgets what it got. */
  clear(): void;
}

const SIGNALS = { "/v1/traces": "traces", "/v1/metrics": "metrics", "/v1/logs": "logs" } as const;

/** Starts a collector on 127.0.0.1 with an ephemeral port. What cannot be decoded is answered with 400, as by a real one. */
export async function startCollector(): Promise<TestCollector> {
  const requests: OtlpRequest[] = [];
  const spans: OtlpSpan[] = [];
  const points: OtlpPoint[] = [];
  const logs: OtlpLog[] = [];
  const sockets = new Set<Socket>();
  let refusal: Parameters<TestCollector["refuse"]>[0] = null;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks);
    const { headers, url: path = "", method } = incoming;
    const body = headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    requests.push({ path, headers, body });
    if (refusal === "hang") return;
    if (refusal) {
      outgoing.writeHead(refusal.status, refusal.words).end(refusal.words);
      return;
    }
    const signal = Object.hasOwn(SIGNALS, path) ? SIGNALS[path as keyof typeof SIGNALS] : null;
    if (method !== "POST" || signal === null) return void outgoing.writeHead(404).end();
    const isJson = headers["content-type"] === "application/json";
    if (!isJson && headers["content-type"] !== "application/x-protobuf")
      return void outgoing.writeHead(415).end();
    const request: unknown = isJson ? JSON.parse(body.toString("utf8")) : decodeOtlp(signal, body);
    if (signal === "traces") spans.push(...spansIn(request));
    else if (signal === "metrics") points.push(...pointsIn(request));
    else logs.push(...logsIn(request));
    // An empty answer of either form says that everything was taken.
    outgoing.writeHead(200, { "content-type": headers["content-type"] }).end(isJson ? "{}" : "");
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => {
      if (!outgoing.headersSent) outgoing.writeHead(400);
      outgoing.end(String(error));
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ requests, spans, points, logs },
    span(name) {
      const found = spans.filter((span) => span.name === name);
      const [only] = found;
      if (only && found.length === 1) return only;
      const names = spans.map((span) => span.name).join(", ");
      throw new Error(`${found.length} spans are named ${name}; there are ${names}`);
    },
    refuse(how) {
      refusal = how;
    },
    clear() {
      for (const list of [requests, spans, points, logs]) list.length = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
