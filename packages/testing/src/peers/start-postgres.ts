import { execFileSync, spawn } from "node:child_process";
import { accessSync, chownSync, closeSync, constants, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A running PostgreSQL cluster of its own, in a temporary folder. */
export interface PostgresCluster extends AsyncDisposable {
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socket: string;
  /** URL of the superuser on loopback, of the database `postgres`. It holds the password. */
  readonly url: string;
  /** Path of one of PostgreSQL's programs, such as `psql`. */
  program(name: string): string;
  /** Where it keeps its files; a copy of it, with `standby.signal`, is a standby. */
  readonly data: string;
}

/** How {@link startPostgres} starts it. */
export interface PostgresOptions {
  /** `-c name=value` of the server. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A data folder that is there already, such as a copy for a standby; its owner is the unprivileged user. */
  readonly data?: string;
  readonly signal?: AbortSignal;
}

const PEERS = new URL("../../../../.peers/postgresql/", import.meta.url);
const PASSWORD = "interop-password";
/** `nobody`: PostgreSQL does not run as root. */
const NOBODY = 65_534;

// Ends the server when standard input closes, which also happens when the test run is killed. SIGQUIT: it ends at once, and takes
// its shared memory along.
const UNTIL_INPUT_ENDS = `
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{ read -r _ <&3; kill -QUIT "$server"; } &
watcher=$!
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"`;

/** Whose rights it runs with, for the options of `spawn`. */
function asOther(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

function programs(): { readonly bin: string; readonly env: Record<string, string> } {
  const root = fileURLToPath(PEERS);
  const bin = join(root, "usr/lib/postgresql/15/bin");
  try {
    accessSync(join(bin, "postgres"), constants.X_OK);
  } catch {
    throw new Error("postgres is not in .peers: run scripts/install-peers.sh first");
  }
  const library = readFileSync(join(root, "library-path"), "utf8").trim();
  return {
    bin,
    env: {
      PATH: process.env["PATH"] ?? "",
      LC_ALL: "C",
      TZ: "UTC",
      LD_LIBRARY_PATH: library === "" ? "" : join(root, library),
    },
  };
}

/** Gives a folder to the user that PostgreSQL runs as. */
export function giveToPostgres(path: string): void {
  const { uid, gid } = asOther();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/**
 * Starts PostgreSQL 15 on a free loopback port and a Unix socket, with a data folder of its own. As root it runs as `nobody`. Disposal ends
 * the process and removes the folder.
 * @throws {Error} the programs are not there, or the server does not start; the message holds its log
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresCluster> {
  const { bin, env } = programs();
  const dir = await mkdtemp(join(tmpdir(), "floe-pg-"));
  giveToPostgres(dir);
  const data = options.data ?? join(dir, "data");
  try {
    if (options.data === undefined) {
      const passwordFile = join(dir, "password");
      await writeFile(passwordFile, PASSWORD);
      giveToPostgres(passwordFile);
      execFileSync(
        join(bin, "initdb"),
        [
          "-D",
          data,
          "-U",
          "floe_admin",
          "-A",
          "scram-sha-256",
          `--pwfile=${passwordFile}`,
          "-E",
          "UTF8",
          "--locale=C",
          "--no-sync",
        ],
        { ...asOther(), cwd: dir, env, stdio: ["ignore", "ignore", "pipe"] },
      );
    }
    for (let attempt = 0; ; attempt += 1) {
      const port = await freePort();
      const server = await launch({ bin, env, dir, data, port, attempt, options });
      if (!server) continue;
      return {
        port,
        socket: dir,
        data,
        url: `postgres://floe_admin:${PASSWORD}@127.0.0.1:${port}/postgres`,
        program: (name) => join(bin, name),
        async [Symbol.asyncDispose]() {
          await server[Symbol.asyncDispose]();
          await rm(dir, { recursive: true, force: true, maxRetries: 3 });
        },
      };
    }
  } catch (cause) {
    await rm(dir, { recursive: true, force: true });
    throw cause;
  }
}

interface Launch {
  readonly bin: string;
  readonly env: Record<string, string>;
  readonly dir: string;
  readonly data: string;
  readonly port: number;
  readonly attempt: number;
  readonly options: PostgresOptions;
}

/** `null`: somebody else took the port meanwhile. */
async function launch(how: Launch): Promise<AsyncDisposable | null> {
  const { bin, dir, data, port, attempt, options } = how;
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: dir,
    logging_collector: "off",
    log_min_messages: "warning",
    shared_buffers: "16MB",
    jit: "off",
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = join(dir, `server-${attempt}.log`);
  const output = openSync(log, "a");
  const child = spawn(
    "/bin/sh",
    ["-c", UNTIL_INPUT_ENDS, "sh", join(bin, "postgres"), "-D", data, ...flags],
    { ...asOther(), cwd: dir, env: how.env, stdio: ["pipe", output, output] },
  );
  closeSync(output);
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    for (const event of ["error", "exit"])
      child.once(event, () => {
        ended = true;
        resolve();
      });
  });
  const end = async (): Promise<void> => {
    child.stdin?.destroy();
    await exited;
  };
  for (;;) {
    const said = readFileSync(log, "utf8");
    if (/ready to accept (?:read-only )?connections/.test(said))
      return { [Symbol.asyncDispose]: end };
    if (ended) {
      if (/could not bind|Address already in use/.test(said) && attempt < 5) return null;
      throw new Error(`PostgreSQL did not start:\n${said.slice(-2000)}`);
    }
    if (options.signal?.aborted) {
      await end();
      throw options.signal.reason;
    }
    await sleep(20);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
  });
  return await promise;
}
