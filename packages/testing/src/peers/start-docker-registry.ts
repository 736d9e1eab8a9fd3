import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { peer } from "./peer.ts";
import { startBound } from "./start-bound.ts";

/** One request as docker-registry's access log holds it. */
export interface AccessLogEntry {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly userAgent: string;
}

/** A running docker-registry (CNCF distribution 2.8): a registry without the referrers API. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>`, as it is written in references. */
  readonly host: string;
  /** What {@link DockerRegistryOptions.auth} asks for; `null` without it. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Every request answered so far, in order. A request is here by the time its answer has ended. */
  requests(): readonly AccessLogEntry[];
}

/** How {@link startDockerRegistry} starts it. */
export interface DockerRegistryOptions {
  /** Basic authentication for every request, with the credentials in the result. Default `false`. */
  readonly auth?: boolean;
  readonly signal?: AbortSignal;
}

const CREDENTIALS = { username: "interop", password: "interop-password" };
// bcrypt of the password above: the only hash that docker-registry reads, and one that Node cannot make.
const HTPASSWD = "interop:$2b$05$abcdefghijklmnopqrstuuwUEJiP5oj5tqIHQ2.VBmuih2Ur5XVl2\n";

const ACCESS = /^\S+ \S+ \S+ \[[^\]]*\] "(\S+) (\S+) [^"]*" (\d+) \d+ "[^"]*" "([^"]*)"$/;

function parseAccessLog(log: string): AccessLogEntry[] {
  return log.split("\n").flatMap((line) => {
    const [, method, path, status, userAgent] = ACCESS.exec(line) ?? [];
    if (method === undefined || path === undefined) return [];
    return [{ method, path, status: Number(status), userAgent: userAgent ?? "" }];
  });
}

/**
 * Starts docker-registry on a free loopback port with a temporary folder of its own. Disposal ends the process and
 * removes the folder.
 * @throws {Error} the program is not there or does not start; the message holds its log
 */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const program = peer("docker-registry");
  const dir = await mkdtemp(join(tmpdir(), "floe-docker-registry-"));
  const configuration = {
    version: "0.1",
    log: { accesslog: { disabled: false }, level: "info", formatter: "text" },
    storage: {
      cache: { blobdescriptor: "inmemory" },
      filesystem: { rootdirectory: join(dir, "data") },
      delete: { enabled: true },
    },
    // The kernel picks the port and the log tells it, so that no two tests can race for one.
    http: { addr: "127.0.0.1:0" },
    ...(options.auth && { auth: { htpasswd: { realm: "interop", path: join(dir, "htpasswd") } } }),
  };
  await writeFile(join(dir, "htpasswd"), HTPASSWD);
  // JSON is YAML.
  await writeFile(join(dir, "config.yml"), JSON.stringify(configuration));

  // Files instead of pipes: what the registry has written before it answers is there to be read after the answer.
  const accessLog = join(dir, "access.log");
  const log = join(dir, "registry.log");
  const output = [openSync(accessLog, "a"), openSync(log, "a")] as const;
  const registry = startBound([program, "serve", join(dir, "config.yml")], {
    cwd: dir,
    env: { PATH: process.env["PATH"], HOME: dir },
    output,
  });
  for (const file of output) closeSync(file);
  const dispose = async (): Promise<void> => {
    await registry[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  };

  try {
    for (;;) {
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(readFileSync(log, "utf8"))?.[1];
      if (port !== undefined) {
        return {
          host: `127.0.0.1:${port}`,
          credentials: options.auth ? CREDENTIALS : null,
          requests: () => parseAccessLog(readFileSync(accessLog, "utf8")),
          [Symbol.asyncDispose]: dispose,
        };
      }
      if (registry.ended() !== null) {
        throw new Error(
          `docker-registry did not start (${String(registry.ended())}): ${readFileSync(log, "utf8")}`,
        );
      }
      await sleep(10, undefined, options.signal && { signal: options.signal });
    }
  } catch (error) {
    await dispose();
    throw error;
  }
}
