import { execFileSync } from "node:child_process";
import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startBound } from "./start-bound.ts";
import { freePort } from "./start-daemon.ts";

/** A running PostgreSQL cluster of its own, in a temporary folder. */
export interface PostgresCluster extends AsyncDisposable {
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socket: string;
  /** URL of the superuser on loopback, of the database `postgres`. It holds the password. */
  readonly url: string;
  /** The folder that `smallDiskMb` is about. */
  readonly smallDisk: string;
  /** Path of one of PostgreSQL's programs, such as `psql`. */
  program(name: string): string;
  /** The certificate (PEM) that it shows to who asks for TLS; it is for 127.0.0.1 and no name. */
  readonly certificate: string;
}

/** How {@link startPostgres} starts it. */
export interface PostgresOptions {
  /** `-c name=value` of the server. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Megabytes of a disk of its own, for a tablespace at {@link PostgresCluster.smallDisk}: it needs root, and is there for the server alone.
   */
  readonly smallDiskMb?: number;
  /** URL of a superuser on the server that this one shall be a standby of. */
  readonly standbyOf?: string;
  readonly signal?: AbortSignal;
}

const PEERS = new URL("../../../../.peers/postgresql/", import.meta.url);
const PASSWORD = "interop-password";
/** `nobody`: PostgreSQL does not run as root. */
const NOBODY = 65_534;

// Mounts in a namespace of its own, which ends with the server.
const WITH_SMALL_DISK = `mount -t tmpfs -o "$1" floe "$2" && shift 2 && exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$@"`;

/** Whose rights it runs with, for the options of `spawn`. */
function asOther(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

interface Programs {
  readonly bin: string;
  readonly openssl: string;
  readonly env: Record<string, string>;
}

/** `dir` is for a copy of the programs, where the way to them is closed to others: a checkout in a home folder, for example. */
function programs(dir: string): Programs {
  let root = fileURLToPath(PEERS);
  const inRoot = "usr/lib/postgresql/15/bin";
  try {
    accessSync(join(root, inRoot, "postgres"), constants.X_OK);
    root = realpathSync(root);
  } catch {
    throw new Error("postgres is not in .peers: run scripts/install-peers.sh first");
  }
  if (asOther().uid !== undefined && !isOpenToOthers(root)) {
    const copy = join(dir, "programs");
    cpSync(root, copy, { recursive: true });
    root = copy;
  }
  const library = readFileSync(join(root, "library-path"), "utf8").trim();
  return {
    bin: join(root, inRoot),
    openssl: join(root, "usr/bin/openssl"),
    env: {
      PATH: process.env["PATH"] ?? "",
      LC_ALL: "C",
      TZ: "UTC",
      LD_LIBRARY_PATH: library === "" ? "" : join(root, library),
    },
  };
}

/**
 * Starts PostgreSQL 15 on a free loopback port and a Unix socket, with a data folder of its own. As root it runs as `nobody`. Disposal ends
 * the process and removes the folder.
 * @throws {Error} the programs are not there, or the server does not start; the message holds its log
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresCluster> {
  const dir = await mkdtemp(join(tmpdir(), "floe-pg-"));
  try {
    const found = programs(dir);
    const { uid, gid } = asOther();
    if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid);
    mkdirSync(join(dir, "small"));
    await makeData(found, dir, options);
    for (let attempt = 0; ; attempt += 1) {
      const port = await freePort();
      const server = await launch({ ...found, dir, port, attempt, options });
      if (!server) continue;
      return {
        port,
        socket: dir,
        certificate: readFileSync(join(dir, "server.crt"), "utf8"),
        url: `postgres://floe_admin:${PASSWORD}@127.0.0.1:${port}/postgres`,
        smallDisk: join(dir, "small"),
        program: (name) => join(found.bin, name),
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

function isOpenToOthers(path: string): boolean {
  const parent = dirname(path);
  return (statSync(path).mode & 0o001) !== 0 && (parent === path || isOpenToOthers(parent));
}

async function makeData(
  { bin, openssl, env }: Programs,
  dir: string,
  { standbyOf }: PostgresOptions,
): Promise<void> {
  const run = (program: string, ...args: string[]): void =>
    void execFileSync(program, args, {
      ...asOther(),
      cwd: dir,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
  const subject = ["-subj", "/CN=floe", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
  // OpenSSL reads a file of settings that is not among the unpacked ones unless it is told so.
  await writeFile(join(dir, "openssl.cnf"), "[req]\ndistinguished_name = name\n[name]\n");
  run(
    openssl,
    ...[
      "req",
      "-x509",
      "-config",
      "openssl.cnf",
      ...subject,
      ...key,
      "server.key",
      "-out",
      "server.crt",
    ],
  );
  if (standbyOf !== undefined) {
    run(
      join(bin, "pg_basebackup"),
      ...["-D", "data", "-d", standbyOf, "-R", "-c", "fast", "--no-sync"],
    );
    return;
  }
  await writeFile(join(dir, "password"), PASSWORD);
  const access = ["-U", "floe_admin", "-A", "scram-sha-256", "--pwfile=password"];
  run(join(bin, "initdb"), ...["-D", "data", ...access, "-E", "UTF8", "--locale=C", "--no-sync"]);
}

interface Launch extends Programs {
  readonly dir: string;
  readonly port: number;
  readonly attempt: number;
  readonly options: PostgresOptions;
}

/** `null`: somebody else took the port meanwhile. */
async function launch(how: Launch): Promise<AsyncDisposable | null> {
  const { bin, dir, port, attempt, options } = how;
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: dir,
    logging_collector: "off",
    log_min_messages: "warning",
    shared_buffers: "16MB",
    jit: "off",
    ssl: "on",
    ssl_cert_file: join(dir, "server.crt"),
    ssl_key_file: join(dir, "server.key"),
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = join(dir, `server-${attempt}.log`);
  const output = openSync(log, "a");
  const server = [join(bin, "postgres"), "-D", join(dir, "data"), ...flags];
  const megabytes = options.smallDiskMb;
  const mount = `size=${megabytes}m,uid=${NOBODY},gid=${NOBODY},mode=0700`;
  const command =
    megabytes === undefined
      ? server
      : ["unshare", "-m", "sh", "-c", WITH_SMALL_DISK, "sh", mount, join(dir, "small"), ...server];
  const program = startBound(command, {
    ...(megabytes === undefined ? asOther() : {}),
    cwd: dir,
    env: how.env,
    output: [output, output],
    // It ends at once, and takes its shared memory along.
    signal: "QUIT",
  });
  closeSync(output);
  for (;;) {
    const said = readFileSync(log, "utf8");
    if (/ready to accept (?:read-only )?connections/.test(said)) return program;
    if (program.ended() !== null) {
      if (/could not bind|Address already in use/.test(said) && attempt < 5) return null;
      throw new Error(`PostgreSQL did not start:\n${said.slice(-2000)}`);
    }
    if (options.signal?.aborted) {
      await program[Symbol.asyncDispose]();
      throw options.signal.reason;
    }
    await sleep(20);
  }
}
