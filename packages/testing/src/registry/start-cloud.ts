import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** A request to a cloud's stand-in. */
export interface CloudCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The body's fields, for forms. */
  readonly form: URLSearchParams;
}

/** An answer of a cloud's stand-in; objects become JSON, and `stall` never answers. */
export type CloudReply =
  | "stall"
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string | Readonly<Record<string, unknown>>;
    };

/** The token endpoints of a cloud on 127.0.0.1. */
export interface CloudStandIn extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Every request so far. */
  readonly calls: readonly CloudCall[];
  /** Sets the answer to a path; the last one that was set counts. Any other path is answered 404. */
  answer(path: string, reply: CloudReply | ((call: CloudCall) => CloudReply)): void;
}

/** Starts a stand-in for a cloud's token endpoints. */
export async function startCloud(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<CloudStandIn> {
  const replies = new Map<string, CloudReply | ((call: CloudCall) => CloudReply)>();
  const calls: CloudCall[] = [];

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://stand-in");
    const call: CloudCall = {
      method: incoming.method ?? "GET",
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body,
      form: new URLSearchParams(body),
    };
    calls.push(call);
    const set = replies.get(pathname) ?? { status: 404, body: "" };
    const reply = typeof set === "function" ? set(call) : set;
    if (reply === "stall") return;
    const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body);
    const type = typeof reply.body === "string" ? "text/plain" : "application/json";
    outgoing.writeHead(reply.status ?? 200, { "content-type": type, ...reply.headers });
    outgoing.end(text);
  }

  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}`,
    host,
    calls,
    answer(path, reply) {
      replies.set(path, reply);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
