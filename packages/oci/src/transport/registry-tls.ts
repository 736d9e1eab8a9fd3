import { FloeError } from "@floe/core/errors";
import type { Environment } from "./select-proxy.ts";
import type { ClientCertificate } from "./tls-settings.ts";

/** What {@link registryTls} found. */
export interface RegistryTls {
  /** PEM. */
  readonly ca?: string;
  readonly clientCertificate?: ClientCertificate;
}

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Finds the certificate authority and the client certificate for a registry: `FLOE_REGISTRY_CA_FILE`,
 * `FLOE_REGISTRY_CLIENT_CERT_FILE` and `FLOE_REGISTRY_CLIENT_KEY_FILE` (with `FLOE_REGISTRY_CLIENT_KEY_PASSPHRASE`), else docker's
 * `certs.d/<host>/{ca.crt,client.cert,client.key}` under `$DOCKER_CONFIG` or `~/.docker`, then under `/etc/docker`.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - a named file cannot be read, is too large or no PEM, or a certificate
 * comes without its key
 */
export async function registryTls(
  env: Environment,
  host: string,
  options: { readonly signal?: AbortSignal; readonly systemDir?: string } = {},
): Promise<RegistryTls> {
  const { signal, systemDir = "/etc/docker" } = options;
  const path = process.getBuiltinModule("node:path");
  const home = env["HOME"] ?? env["USERPROFILE"];
  const configDir = env["DOCKER_CONFIG"] ?? (home ? path.join(home, ".docker") : undefined);
  // Docker names the folder after host and port; a host that is no single path part names none.
  const folders =
    /^[A-Za-z0-9.:[\]-]+$/.test(host) && !/^\.+$/.test(host)
      ? [configDir, systemDir].flatMap((dir) => (dir ? [path.join(dir, "certs.d", host)] : []))
      : [];

  async function find(variable: string, name: string): Promise<FoundFile | null> {
    const named = env[variable];
    if (named) return { path: named, text: await readPem(named, variable, signal) };
    for (const folder of folders) {
      const file = path.join(folder, name);
      const text = await readOptional(file, signal);
      if (text !== null) return { path: file, text };
    }
    return null;
  }

  const ca = await find("FLOE_REGISTRY_CA_FILE", "ca.crt");
  const cert = await find("FLOE_REGISTRY_CLIENT_CERT_FILE", "client.cert");
  const key = await find("FLOE_REGISTRY_CLIENT_KEY_FILE", "client.key");
  const alone = cert !== null && key === null ? cert : key !== null && cert === null ? key : null;
  if (alone !== null) {
    throw unreadable(alone.path, "a client certificate and its key are needed together");
  }
  const passphrase = env["FLOE_REGISTRY_CLIENT_KEY_PASSPHRASE"];
  return {
    ...(ca === null ? {} : { ca: ca.text }),
    ...(cert === null || key === null
      ? {}
      : {
          clientCertificate: {
            cert: cert.text,
            key: key.text,
            ...(passphrase ? { passphrase } : {}),
          },
        }),
  };
}

interface FoundFile {
  readonly path: string;
  readonly text: string;
}

async function readOptional(path: string, signal: AbortSignal | undefined): Promise<string | null> {
  try {
    return await readPem(path, path, signal);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : null;
    const isAbsent =
      cause instanceof Error &&
      "code" in cause &&
      (cause.code === "ENOENT" || cause.code === "ENOTDIR");
    if (isAbsent) return null;
    throw error;
  }
}

/** Opens without waiting for a writer, should the path name a pipe. */
async function readPem(
  path: string,
  what: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { open, constants } = process.getBuiltinModule("node:fs/promises");
  signal?.throwIfAborted();
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw unreadable(what, "is not a file");
      if (stat.size > MAX_FILE_BYTES) throw unreadable(what, "is larger than 1 MiB");
      const text = await file.readFile({
        encoding: "utf8",
        ...(signal === undefined ? {} : { signal }),
      });
      if (!text.includes("-----BEGIN ")) throw unreadable(what, "holds no PEM");
      return text;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (error instanceof FloeError) throw error;
    throw unreadable(what, "cannot be read", error);
  }
}

function unreadable(what: string, reason: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_SECRET_UNREADABLE",
    message: `${what}: ${reason}`,
    hint: "It has to be a readable file in PEM format (-----BEGIN …).",
    ...(cause === undefined ? {} : { cause }),
  });
}
