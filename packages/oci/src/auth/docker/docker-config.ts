import { loginError } from "../login-error.ts";
import type { RegistryCredentials } from "../registry-credentials.ts";

/** The registry that credentials are looked for. */
export interface RegistryKey {
  /** `host[:port]` as configured: `docker.io`, not its API host. */
  readonly host: string;
  readonly repository: string;
}

/** A configuration of docker or podman, as far as it is about credentials. */
export interface DockerConfig {
  readonly path: string;
  /** Registry to helper. */
  readonly credHelpers: ReadonlyMap<string, unknown>;
  /** The helper of all other registries. */
  readonly credsStore: unknown;
  readonly auths: ReadonlyMap<string, unknown>;
}

const HUB = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const HUB_SERVER = "https://index.docker.io/v1/";
const LOGIN_AGAIN = "Log in to the registry again with docker or podman, or correct the file.";

/**
 * Reads `config.json` of docker or `auth.json` of podman.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - not JSON, or not of that form
 */
export function parseDockerConfig(text: string, path: string, registry: string): DockerConfig {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // The parser's message would quote the file, and with it perhaps a password: no cause here.
    throw malformed("is not JSON");
  }
  if (!isObject(json)) throw malformed("is not a JSON object");
  const fields = new Map(Object.entries(json));
  return {
    path,
    credHelpers: mapOf("credHelpers"),
    credsStore: fields.get("credsStore") ?? "",
    auths: mapOf("auths"),
  };

  function mapOf(name: string): ReadonlyMap<string, unknown> {
    const value = fields.get(name) ?? {};
    if (!isObject(value)) throw malformed(`has ${name} that are not an object`);
    return new Map(Object.entries(value));
  }

  function malformed(problem: string): Error {
    return loginError({
      registry,
      source: path,
      problem: `the file ${problem}`,
      hint: LOGIN_AGAIN,
    });
  }
}

/** The name that helpers know a registry by: docker's old address for Docker Hub, else the host. */
export function serverNameOf({ host }: RegistryKey): string {
  return HUB.includes(host) ? HUB_SERVER : host;
}

/** The helpers that may know the registry's credentials, best first: its own, then that of all registries. */
export function helpersOf(config: DockerConfig, key: RegistryKey): unknown[] {
  const names = HUB.includes(key.host) ? [HUB_SERVER, ...HUB] : [key.host];
  const own = names.map((name) => config.credHelpers.get(name));
  return [...own, config.credsStore].filter((name) => name !== undefined && name !== "");
}

/**
 * The credentials that the file itself has for a repository. Keys are hosts, addresses (docker) or begin a repository's
 * name (podman); the longest that fits counts.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - there are some, and they cannot be read
 */
export function credentialsIn(config: DockerConfig, key: RegistryKey): RegistryCredentials | null {
  const found = [...config.auths]
    .map(([name, entry]) => ({ entry, length: matchLength(name, key) }))
    .filter(({ length, entry }) => length > 0 && hasContent(entry))
    .sort((a, b) => b.length - a.length);
  const best = found[0];
  return best === undefined ? null : readEntry(best.entry, config.path, key.host);
}

/** How much of `host/repository` a key names; 0: it is another's. */
function matchLength(name: string, { host, repository }: RegistryKey): number {
  const [, scheme = "", rest = ""] = /^(https?:\/\/)?(.*)$/s.exec(name) ?? [];
  const [keyHost = "", ...path] = rest.split("/").filter((part) => part !== "");
  const same = HUB.includes(host) ? HUB.includes(keyHost) : keyHost.toLowerCase() === host;
  if (!same) return 0;
  // With a scheme it is an address of docker's, whose path (/v1/) is not about repositories.
  if (scheme !== "" || path.length === 0) return 1;
  const names = repository.split("/");
  return path.every((part, index) => names[index] === part) ? 1 + path.length : 0;
}

function hasContent(entry: unknown): boolean {
  if (!isObject(entry)) return entry !== null;
  const names = ["auth", "identitytoken", "registrytoken", "username"];
  return names.some((name) => name in entry && entry[name] !== "");
}

function readEntry(entry: unknown, path: string, registry: string): RegistryCredentials {
  const malformed = (problem: string) =>
    loginError({ registry, source: path, problem, hint: LOGIN_AGAIN });
  if (!isObject(entry)) throw malformed("the registry's entry in auths is not an object");
  const text = (name: string): string => {
    const value = entry[name] ?? "";
    if (typeof value !== "string") throw malformed(`${name} is not a text`);
    return value;
  };
  const source = path;
  if (text("registrytoken") !== "") return { token: text("registrytoken"), source };
  if (text("identitytoken") !== "") return { identityToken: text("identitytoken"), source };
  if (text("auth") === "") {
    return { username: text("username"), password: text("password"), source };
  }
  const auth = text("auth").trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(auth)) throw malformed("auth is not base64");
  // docker pads what it stores with NUL.
  const pair = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = pair.indexOf(":");
  if (colon < 1) throw malformed("auth does not hold user:password");
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1), source };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
