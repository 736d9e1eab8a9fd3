/** A server and a database, as a URL names them. */
export interface ServerAddress {
  /** A name or an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  /** `off`: in the clear. `unverified`: encrypted, to whoever answers. `verified`: to the server of this name. */
  readonly tls: "off" | "unverified" | "verified";
}

const DEFAULT_PORT = 5432;
const NOWHERE = "/";
const SSL_MODES: Readonly<Record<string, ServerAddress["tls"]>> = {
  disable: "off",
  require: "unverified",
  "verify-full": "verified",
};

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`, or `?host=/folder` for a Unix socket. TLS is on and verified unless
 * the server is on this machine, or `sslmode` says otherwise: what would be encrypted only if the server likes
 * (`prefer`) is refused. What is wrong is said without repeating the URL, which may hold a password.
 */
export function parseServerUrl(text: unknown): ServerAddress | { readonly problem: string } {
  const wrong = (problem: string): { readonly problem: string } => ({ problem });
  if (typeof text !== "string" || text.length > 4096 || !/^postgres(?:ql)?:\/\//.test(text))
    return wrong("expected postgres://user@host/database");
  // Between a user and a path, a URL of the web has to have a host; here the socket's folder may follow.
  const url = URL.parse(
    text.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[:/])/, `$1${encodeURIComponent(NOWHERE)}`),
  );
  if (!url)
    return wrong("is not a URL; characters such as @ and / in a password are written %40 and %2F");
  const [user, password, name, path] = [url.username, url.password, url.hostname, url.pathname].map(
    decoded,
  );
  if (user === undefined || password === undefined || name === undefined || path === undefined)
    return wrong("has a % that begins no escape; it is written %25");
  const known = new Set(["host", "sslmode"]);
  for (const key of url.searchParams.keys()) {
    if (!known.delete(key))
      return wrong(`has the parameter ${key.slice(0, 40)}, which is unknown or given twice`);
  }
  const host = url.searchParams.get("host") ?? name;
  const database = path.slice(1);
  if (user === "") return wrong("names no user");
  if (database === "" || database.includes("/")) return wrong("names no database");
  if (host === "" || host === NOWHERE) return wrong("names no host");
  if (host.includes(",")) return wrong("names several hosts; a ledger is on one server");
  if ([user, password, host, database].some((part) => /[\0\r\n]/.test(part)))
    return wrong("holds a line break");
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && !Object.hasOwn(SSL_MODES, mode))
    return wrong("sslmode is disable, require or verify-full");
  const plainHost = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return {
    host: host.startsWith("/") ? host : plainHost,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    database,
    user,
    password: password === "" ? null : password,
    tls: (mode === null ? null : SSL_MODES[mode]) ?? (isHere(plainHost) ? "off" : "verified"),
  };
}

/** The address without user and password, for messages and for what is pinned. */
export function locationOf({ host, port, database }: ServerAddress, schema: string): string {
  const name = encodeURIComponent(database);
  if (host.startsWith("/")) return `postgres:///${name}?host=${host}&port=${port}&schema=${schema}`;
  return `postgres://${host.includes(":") ? `[${host}]` : host}:${port}/${name}?schema=${schema}`;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function isHere(host: string): boolean {
  return (
    host.startsWith("/") || host === "localhost" || host === "::1" || /^127(?:\.\d+){3}$/.test(host)
  );
}
