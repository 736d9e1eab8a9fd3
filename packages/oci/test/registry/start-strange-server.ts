import { type AddressInfo, createServer, type Socket } from "node:net";

/** A server that answers every request with bytes of the test's choice, HTTP or not. */
export interface StrangeServer extends AsyncDisposable {
  readonly host: string;
  /** `METHOD /path` of every request. */
  readonly seen: readonly string[];
  /** Connections that are open now. */
  readonly open: number;
}

/** Starts a server on 127.0.0.1 that hands every request's connection to `answer`, with `METHOD /path`. */
export async function startStrangeServer(
  answer: (socket: Socket, request: string) => void,
): Promise<StrangeServer> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      const [, request] = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/.exec(chunk.toString("latin1")) ?? [];
      if (request === undefined) return;
      seen.push(request);
      answer(socket, request);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    get open() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Writes a piece over and over, as fast as it is taken or with a pause, until the connection closes. */
export function drip(socket: Socket, piece: string, pauseMs = 0): void {
  if (pauseMs > 0) {
    const timer = setInterval(() => socket.write(piece), pauseMs);
    socket.once("close", () => clearInterval(timer));
    return;
  }
  const pour = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", pour);
  pour();
}
