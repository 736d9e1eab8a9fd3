import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "../bed/floe.ts";

/** A delivery as it came in. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Json;
}

/** What a receiver does with a delivery: a status, with a `location` or a delay; `close` cuts the connection. */
export type Reaction =
  | { readonly status: number; readonly location?: string; readonly afterMs?: number }
  | "close";

/** Somebody who is told, over real HTTP. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** From now on; a function is asked for each delivery. */
  react(reaction: Reaction | ((nth: number) => Reaction)): void;
}

/** Starts a receiver that takes everything. */
export async function aReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let reaction: (nth: number) => Reaction = () => ({ status: 204 });
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8");
      received.push({
        path: request.url ?? "",
        headers: request.headers,
        body,
        json: JSON.parse(body) as Json,
      });
      const answer = reaction(received.length);
      if (answer === "close") {
        request.socket.destroy();
        return;
      }
      const { status, location, afterMs = 0 } = answer;
      setTimeout(() => {
        response.writeHead(status, location === undefined ? {} : { location });
        response.end();
      }, afterMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    react(given) {
      reaction = typeof given === "function" ? given : () => given;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Checks a delivery as Standard Webhooks has receivers do it. */
export function isSigned({ headers, body }: Received, key: Uint8Array): boolean {
  const [id, timestamp] = [headers["webhook-id"], headers["webhook-timestamp"]];
  const mac = createHmac("sha256", key).update(`${String(id)}.${String(timestamp)}.${body}`);
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  return age < 60 && headers["webhook-signature"] === `v1,${mac.digest("base64")}`;
}
