import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type S3Server, s3Programs } from "./s3-programs.ts";
import { startDaemon } from "./start-daemon.ts";

// One request after the other: with threads, as moto starts by itself, two writers win a slot now and then, because it looks first
// and writes later.
const ONE_AT_A_TIME = `
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
`;

/**
 * Starts moto's S3 server on a free loopback port, without threads. It honours conditional writes on every kind of bucket, keeps
 * everything in memory and checks no signature. Disposal ends it.
 * @throws {Error} the program is not there or does not start; the message holds its log
 */
export async function startMoto(options: { readonly signal: AbortSignal }): Promise<S3Server> {
  const programs = s3Programs();
  const dir = await mkdtemp(join(tmpdir(), "floe-moto-"));
  const command = programs.python(ONE_AT_A_TIME);
  const { env } = programs;
  const daemon = startDaemon(command, { cwd: dir, env, logFile: join(dir, "moto.log") });
  const dispose = async (): Promise<void> => {
    await daemon[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    for (;;) {
      const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(daemon.log())?.[1];
      if (endpoint !== undefined)
        return {
          endpoint,
          accessKeyId: "moto",
          secretAccessKey: "moto-secret",
          [Symbol.asyncDispose]: dispose,
        };
      if (daemon.ended() !== null) throw new Error(`moto did not start: ${daemon.log()}`);
      await sleep(50, undefined, options);
    }
  } catch (cause) {
    await dispose();
    throw cause;
  }
}
