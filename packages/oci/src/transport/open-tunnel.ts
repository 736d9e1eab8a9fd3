import type { Socket } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { FloeError } from "@floe/core/errors";
import { TimeLimitError } from "./network-error.ts";
import { proxyAuthorization } from "./proxy-authorization.ts";

const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Opens a TLS connection to a host through a proxy (CONNECT, RFC 9110, section 9.3.6). Node's own agent can do this too,
 * but its wait for a proxy that never answers cannot be ended.
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE - the proxy refuses
 * @throws {TimeLimitError} not open after `limitMs`
 */
export async function openTunnel(options: {
  readonly proxy: URL;
  readonly host: string;
  readonly port: number;
  /** For the connection inside the tunnel. */
  readonly tls: ConnectionOptions;
  readonly limitMs: number;
  /** Gives the tunnel up while it is being opened. */
  readonly signal: AbortSignal;
}): Promise<TLSSocket> {
  const { proxy, host, port, limitMs, signal } = options;
  const net = process.getBuiltinModule("node:net");
  const tls = process.getBuiltinModule("node:tls");
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const proxyHost = proxy.hostname.replace(/^\[|\]$/g, "");
  const secure = proxy.protocol === "https:";
  const proxyPort = Number(proxy.port === "" ? (secure ? 443 : 80) : proxy.port);
  const raw: Socket = secure
    ? tls.connect({
        host: proxyHost,
        port: proxyPort,
        ...(net.isIP(proxyHost) === 0 ? { servername: proxyHost } : {}),
      })
    : net.connect({ host: proxyHost, port: proxyPort });
  const timer = setTimeout(() => {
    raw.destroy(
      new TimeLimitError(
        `no connection through the proxy ${proxy.host} within ${limitMs / 1000} seconds`,
      ),
    );
  }, limitMs);
  const abort = () => raw.destroy();
  signal.addEventListener("abort", abort, { once: true });
  raw.once("error", reject);
  raw.once("close", () => reject(closed()));
  raw.once(secure ? "secureConnect" : "connect", () => {
    const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const headers = { host: target, ...proxyAuthorization(proxy) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    raw.write(`CONNECT ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  });
  try {
    const status = await readStatus(raw, promise);
    if (status < 200 || status > 299) throw refused(proxy, `${host}:${port}`, status);
    const inner = tls.connect({
      ...options.tls,
      socket: raw,
      host,
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
    });
    inner.once("error", reject);
    inner.once("secureConnect", () => resolve(inner));
    return await promise;
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Reads the head of the proxy's answer and gives its status. `failed` rejects when the connection does. */
async function readStatus(raw: Socket, failed: Promise<unknown>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let head = "";
  const read = (chunk: Buffer) => {
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end < 0 && head.length <= MAX_HEADER_BYTES) return;
    raw.off("data", read);
    raw.pause();
    const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(head) ?? [];
    // Bytes before the TLS handshake can only be meant to confuse it.
    const clean = end === head.length - 4 || (end > 0 && !/^2/.test(status ?? ""));
    if (status === undefined || !clean) reject(closed());
    else resolve(Number(status));
  };
  raw.on("data", read);
  return await Promise.race([promise, failed.then(() => 0)]);
}

function closed(): Error {
  return Object.assign(new Error("the proxy gave no usable answer to CONNECT"), {
    code: "ECONNRESET",
  });
}

function refused(proxy: URL, target: string, status: number): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    message: `the proxy ${proxy.host} answered ${status} to CONNECT ${target}`,
    hint:
      status === 407
        ? "The proxy wants other credentials: HTTPS_PROXY=http://user:password@host:port."
        : "Check HTTPS_PROXY, and that the proxy lets this host through; NO_PROXY goes round it.",
    details: { retryable: status >= 500, status },
  });
}
