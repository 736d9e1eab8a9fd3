import { FloeError } from "@floe/core/errors";

/** Environment variables, or a part of them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the proxy for an address: `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the host; lower
 * case goes before upper case. This machine is never reached through a proxy.
 * @throws {FloeError} FLOE_USAGE_INVALID - the variable holds no http(s) address
 */
export function selectProxy(url: URL, env: Environment): URL | null {
  const host = bareHost(url.hostname);
  if (isLoopback(host)) return null;
  const scheme = url.protocol === "https:" ? "https" : "http";
  const found = lookUp(env, `${scheme}_proxy`) ?? lookUp(env, "all_proxy");
  if (found === null) return null;
  const port = url.port === "" ? (scheme === "https" ? "443" : "80") : url.port;
  const exceptions = lookUp(env, "no_proxy")?.value ?? "";
  for (const entry of exceptions.split(/[\s,]+/)) {
    if (entry !== "" && matches(entry.toLowerCase(), host, port)) return null;
  }
  return parseProxy(found);
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

function lookUp(env: Environment, name: string): Setting | null {
  const upper = name.toUpperCase();
  const lower = env[name];
  if (lower !== undefined) return lower === "" ? null : { name, value: lower };
  // In a CGI process HTTP_PROXY is the request header `Proxy`: anybody's word.
  if (upper === "HTTP_PROXY" && env["REQUEST_METHOD"] !== undefined) return null;
  const value = env[upper] ?? "";
  return value === "" ? null : { name: upper, value };
}

/** The value may hold a password: it is in no message. */
function parseProxy({ name, value }: Setting): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (url === null || url.hostname === "") {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${name} does not hold the address of a proxy`,
      hint: "A proxy is written http://[user:password@]host:port.",
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${name} names a proxy with the scheme ${url.protocol}, which floe does not speak`,
      hint: "Use an http:// or https:// proxy, or put the registry's host into NO_PROXY.",
    });
  }
  return url;
}

/** One entry of `NO_PROXY`: `*`, a name with its subdomains, `.name` for the subdomains alone, an address or a CIDR range. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const { BlockList, isIP } = process.getBuiltinModule("node:net");
  const [range = "", bits] = entry.split("/");
  const family = isIP(bareHost(range)) === 6 ? "ipv6" : "ipv4";
  if (bits !== undefined) {
    const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : 999;
    const isRange = isIP(bareHost(range)) > 0 && prefix <= (family === "ipv6" ? 128 : 32);
    if (!isRange || isIP(host) === 0) return false;
    const list = new BlockList();
    list.addSubnet(bareHost(range), prefix, family);
    return list.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
  }
  if (isIP(entry) > 0) return entry === host;
  const [, name = entry, wanted] = /^(.*):(\d{1,5})$/.exec(entry) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  if (name === "*") return true;
  const suffix = name.replace(/^\*\./, ".").replace(/\.$/, "");
  if (suffix.startsWith(".")) return host.endsWith(suffix);
  return host === bareHost(suffix) || (isIP(host) === 0 && host.endsWith(`.${suffix}`));
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127\./.test(host)
  );
}

function bareHost(hostname: string): string {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
