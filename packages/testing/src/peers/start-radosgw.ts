import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./run.ts";
import { type S3Programs, type S3Server, s3Programs } from "./s3-programs.ts";
import { type Daemon, freePort, startDaemon } from "./start-daemon.ts";

const FSID = "7b1c1a50-3f0e-4b8e-9d43-0c5f0a8c7a11";
const KEYS = { accessKeyId: "radosgw-key", secretAccessKey: "radosgw-secret" };

/**
 * Starts Ceph's S3 server on a cluster of its own: one monitor, one object store in memory, and radosgw, on free loopback
 * ports. It checks signatures. On a plain bucket conditional writes have one winner. Takes about fifteen seconds.
 * @throws {Error} a program is not there or does not start; the message holds its log
 */
export async function startRadosgw(options: { readonly signal: AbortSignal }): Promise<S3Server> {
  const programs = s3Programs();
  const dir = await mkdtemp(join(tmpdir(), "floe-ceph-"));
  const daemons: Daemon[] = [];
  const dispose = async (): Promise<void> => {
    for (const daemon of daemons.toReversed()) await daemon[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  const settings = ["-c", join(dir, "ceph.conf")];
  const start = (name: string, ...args: string[]): Daemon => {
    const daemon = startDaemon(programs.command(name, "-f", ...settings, ...args), {
      cwd: dir,
      env: programs.env,
      logFile: join(dir, `${name}.log`),
    });
    daemons.push(daemon);
    return daemon;
  };
  const call = (command: readonly string[]): Promise<void> =>
    runWell(command, dir, programs, options);
  try {
    const [monitor, gateway] = [await freePort(), await freePort()];
    for (const folder of ["run", "mon", "osd", "rgw"]) await mkdir(join(dir, folder));
    await writeFile(join(dir, "ceph.conf"), configuration(dir, monitor, programs));
    await makeKeys(dir, programs, call);
    const monmap = join(dir, "monmap");
    const address = `[v2:127.0.0.1:${monitor}]`;
    await call(
      programs.command("monmaptool", "--create", "--fsid", FSID, "--addv", "a", address, monmap),
    );
    const seeds = ["--monmap", monmap, "--keyring", join(dir, "keyring")];
    await call(programs.command("ceph-mon", "--mkfs", "-i", "a", ...seeds, ...settings));
    start("ceph-mon", "-i", "a");
    await call(programs.script("ceph", ...settings, "--connect-timeout", "20", "osd", "create"));
    await call(programs.command("ceph-osd", "--mkfs", "-i", "0", ...settings));
    start("ceph-osd", "-i", "0");
    const frontend = ["--rgw_frontends", `beast endpoint=127.0.0.1:${gateway}`];
    const data = ["--rgw_data", join(dir, "rgw")];
    const server = start("radosgw", "-n", "client.floe", ...data, ...frontend);
    const endpoint = `http://127.0.0.1:${gateway}`;
    await untilItAnswers(endpoint, server, options);
    const key = ["--access-key", KEYS.accessKeyId, "--secret-key", KEYS.secretAccessKey];
    const user = ["user", "create", "--uid=floe", "--display-name=floe", ...key];
    await call(programs.command("radosgw-admin", ...settings, "-n", "client.floe", ...user));
    return { endpoint, ...KEYS, [Symbol.asyncDispose]: dispose };
  } catch (cause) {
    await dispose();
    throw cause;
  }
}

async function makeKeys(
  dir: string,
  programs: S3Programs,
  call: (command: readonly string[]) => Promise<void>,
): Promise<void> {
  const all = ["mon", "osd", "mgr"].flatMap((part) => ["--cap", part, "allow *"]);
  const rights: Record<string, readonly string[]> = {
    "mon.": ["--cap", "mon", "allow *"],
    "client.admin": all,
    "client.floe": all,
    "osd.0": ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"],
  };
  const keyring = join(dir, "keyring");
  await writeFile(keyring, "");
  for (const [name, caps] of Object.entries(rights))
    await call(programs.command("ceph-authtool", keyring, "--gen-key", "-n", name, ...caps));
}

async function untilItAnswers(
  endpoint: string,
  server: Daemon,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    if (server.ended() !== null) throw new Error(`radosgw did not start: ${server.log()}`);
    const answer = await fetch(endpoint, options).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await sleep(100, undefined, options);
  }
}

async function runWell(
  [program = "", ...args]: readonly string[],
  cwd: string,
  { env }: S3Programs,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const { exitCode, stdout, stderr } = await run(program, args, { cwd, env, signal });
  if (exitCode !== 0)
    throw new Error(`${args.join(" ")} ended with ${exitCode}: ${(stdout + stderr).slice(-2000)}`);
}

function configuration(dir: string, monitor: number, { libraries }: S3Programs): string {
  const settings: Record<string, string | number> = {
    fsid: FSID,
    mon_host: `[v2:127.0.0.1:${monitor}]`,
    public_addr: "127.0.0.1",
    cluster_addr: "127.0.0.1",
    public_network: "127.0.0.0/8",
    ms_bind_ipv6: "false",
    auth_cluster_required: "cephx",
    auth_service_required: "cephx",
    auth_client_required: "cephx",
    keyring: join(dir, "keyring"),
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    mon_allow_pool_size_one: "true",
    osd_pool_default_pg_num: 1,
    osd_pool_default_pgp_num: 1,
    osd_pool_default_pg_autoscale_mode: "off",
    osd_crush_chooseleaf_type: 0,
    mon_max_pg_per_osd: 1000,
    osd_objectstore: "memstore",
    memstore_device_bytes: 1024 ** 3,
    osd_class_load_list: "*",
    osd_class_default_list: "*",
    erasure_code_dir: join(libraries, "ceph/erasure-code"),
    plugin_dir: join(libraries, "ceph"),
    osd_class_dir: join(libraries, "rados-classes"),
    log_to_stderr: "true",
    err_to_stderr: "true",
    log_file: "",
    mon_cluster_log_file: "",
    mon_cluster_log_to_file: "false",
    run_dir: join(dir, "run"),
    admin_socket: "",
    mon_data_avail_warn: 1,
    mon_data_avail_crit: 0,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const parts = ["[global]", ...lines];
  parts.push("[mon.a]", `mon_data = ${join(dir, "mon")}`);
  parts.push("[osd.0]", `osd_data = ${join(dir, "osd")}`, "");
  return parts.join("\n");
}
