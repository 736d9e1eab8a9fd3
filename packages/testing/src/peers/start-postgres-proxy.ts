import { connect, createServer, type Socket } from "node:net";

/** Stands between a client and a server, and can cut or hold what passes. */
export interface PostgresProxy extends AsyncDisposable {
  readonly port: number;
  /** The next event is stored, and the answer to it is cut off. */
  loseNextReply(): void;
  /** The next event does not reach the server: the connection is cut before. */
  cutBeforeNext(): void;
  /** Nothing passes any more and nobody is told, until the returned function is called. */
  blackHole(): () => void;
  /** How many statements were sent, of all connections. */
  statements(): number;
}

/** The end of an answer: ReadyForQuery, outside of a transaction. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Starts it in front of a server on this machine. */
export async function startPostgresProxy(serverPort: number): Promise<PostgresProxy> {
  const sockets = new Set<Socket>();
  let lose: "reply" | "request" | null = null;
  let hole = false;
  let statements = 0;
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    let losing = false;
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on("data", (chunk) => {
      if (hole) return;
      // Parse or Query: the first byte of a message.
      if (chunk[0] === 0x50 || chunk[0] === 0x51) statements += 1;
      if (lose !== null && chunk.includes("INSERT INTO") && chunk.includes(".event")) {
        losing = lose === "reply";
        lose = null;
        if (!losing) return cut();
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (hole) return;
      if (!losing) client.write(chunk);
      else if (chunk.subarray(-READY.length).equals(READY)) cut();
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    loseNextReply() {
      lose = "reply";
    },
    cutBeforeNext() {
      lose = "request";
    },
    blackHole() {
      hole = true;
      return () => {
        hole = false;
        // What was swallowed is lost: nobody can go on with it.
        for (const socket of sockets) socket.destroy();
      };
    },
    statements: () => statements,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
