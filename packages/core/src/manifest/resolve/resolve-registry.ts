import { isAbsolute, resolve } from "node:path";
import { FloeError } from "../../errors/index.ts";
import type { IssuePath } from "../issue-list.ts";
import type { CacheConfig, RegistryConfig } from "../manifest.ts";
import type { Registry } from "../schema/registry.ts";
import { expandVariables } from "./expand-variables.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { resolveSecretRef } from "./resolve-secret-ref.ts";

interface ParsedUri {
  readonly uri: string;
  readonly plainHttp: boolean;
}

/** The host of `oci://host[:port]/repo`, or `null` for a folder. */
function hostOf(uri: string): string | null {
  return uri.startsWith("oci://") ? (uri.slice("oci://".length).split("/")[0] ?? "") : null;
}

/** Says whether `host[:port]` is this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  );
}

const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
/** A repository's name (distribution-spec, "Pulling manifests"). */
const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Reads a registry's URI. The result is a problem as text when it is none; the URI itself is never in it. */
function parseUri(text: string, dir: string): ParsedUri | string {
  if (text.startsWith("oci-layout:")) {
    const path = text.slice("oci-layout:".length);
    if (path === "") return "oci-layout: must be followed by the path of a folder";
    return { uri: `oci-layout:${isAbsolute(path) ? path : resolve(dir, path)}`, plainHttp: false };
  }
  const match = /^(?:(oci|https?):\/\/)?([^/]*)\/?(.*)$/s.exec(text);
  const [, scheme, host = "", repository = ""] = match ?? [];
  if (scheme === undefined && /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text))
    return "expected oci://host/repository or oci-layout:PATH";
  if (host.includes("@")) return "must not hold a user name or password; use auth.credentials_ref";
  if (!HOST.test(host) || Number(/:(\d+)$/.exec(host)?.[1] ?? 1) > 65_535)
    return "expected oci://host[:port]/repository: that is no host";
  if (repository === "") return "expected oci://host/repository: the repository is missing";
  if (repository.includes("@") || /:[^/]*$/.test(repository))
    return "names a repository only; tags and digests do not belong here";
  if (!REPOSITORY.test(repository.replace(/\/$/, "")) || repository.length > 255)
    return "the repository must be lower case, with . _ - and / only between letters and digits";
  // A registry on this machine is spoken to over plain http, so https would not be what happens.
  if (scheme === "https" && isLoopback(host))
    return "https to this machine is not possible; write oci://, which is plain http there";
  const uri = `oci://${host.toLowerCase()}/${repository.replace(/\/$/, "")}`;
  return { uri, plainHttp: scheme === "http" };
}

/** Resolves a registry of the manifest; `null` when it is not usable, which is an issue by then. */
export function resolveRegistry(
  context: ResolveContext,
  registry: Registry,
  path: IssuePath,
): RegistryConfig | null {
  const auth = resolveAuth(context, registry.auth, [...path, "auth"]);
  const rest = resolveTransport(registry);
  if (registry.uri === undefined) {
    if (!context.has([...path, "uri"])) context.report([...path, "uri"], "is required");
    return null;
  }
  const uriPath = [...path, "uri"];
  const uriAsWritten = expandVariables(context, registry.uri, uriPath);
  if (uriAsWritten === null) return null;
  const parsed = parseUri(uriAsWritten, context.dirOf(uriPath));
  if (typeof parsed === "string") {
    context.report(uriPath, parsed);
    return null;
  }
  if (!/^(?:oci|oci-layout|https?):/.test(uriAsWritten)) {
    context.report(uriPath, "lacks its scheme", { suggestion: parsed.uri });
    return null;
  }
  if (parsed.plainHttp && !rest.insecure && !isLoopback(hostOf(parsed.uri) ?? "")) {
    context.report(
      uriPath,
      "plain http is only for this machine; write oci://, or insecure: true beside it",
    );
    return null;
  }
  const insecure = rest.insecure || parsed.plainHttp;
  const cache = resolveCache(context, registry.cache, [...path, "cache"]);
  return { uri: parsed.uri, uriAsWritten, auth, ...rest, insecure, cache };
}

function resolveCache(
  context: ResolveContext,
  cache: Registry["cache"],
  path: IssuePath,
): CacheConfig {
  const folder = cache?.path ?? null;
  return {
    enabled: cache?.enabled ?? true,
    path: folder === null ? null : resolve(context.dirOf([...path, "path"]), folder),
    maxBytes: (cache?.max_size_gb ?? 10) * 1024 ** 3,
    maxAgeMs: (cache?.ttl_hours ?? 24) * 3_600_000,
  };
}

/**
 * Puts the registry of a command line's `--registry` in the place of the manifest's. Credentials and relaxed transport
 * settings are kept for the same host only: they must not go to somebody else.
 * @throws {FloeError} FLOE_USAGE_INVALID - not a registry
 */
export function overrideRegistry(
  configured: RegistryConfig | null,
  text: string,
  cwd: string,
): RegistryConfig {
  const parsed = parseUri(text, cwd);
  const problem =
    typeof parsed === "string"
      ? parsed
      : parsed.plainHttp && !configured?.insecure && !isLoopback(hostOf(parsed.uri) ?? "")
        ? "plain http is only for this machine"
        : null;
  if (typeof parsed === "string" || problem !== null)
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `--registry: ${problem}`,
      hint: "A registry is written oci://host[:port]/repository or oci-layout:PATH.",
    });
  const sameHost = configured !== null && hostOf(configured.uri) === hostOf(parsed.uri);
  const base: RegistryConfig = sameHost
    ? configured
    : {
        uri: parsed.uri,
        uriAsWritten: text,
        auth: { type: "auto", credentialsRef: null },
        ...resolveTransport({ resilience: undefined }),
        ...(configured ? keptOf(configured) : {}),
      };
  return {
    ...base,
    uri: parsed.uri,
    uriAsWritten: text,
    insecure: base.insecure || parsed.plainHttp,
  };
}

/** What says nothing of a host and is kept for every other one. */
function keptOf(
  configured: RegistryConfig,
): Pick<RegistryConfig, "retry" | "circuitBreaker" | "cache"> {
  const { retry, circuitBreaker, cache } = configured;
  return {
    retry,
    ...(circuitBreaker === undefined ? {} : { circuitBreaker }),
    ...(cache === undefined ? {} : { cache }),
  };
}

function resolveTransport(
  registry: Registry,
): Pick<RegistryConfig, "tlsVerify" | "insecure" | "retry" | "circuitBreaker"> {
  const retry = registry.resilience?.retry;
  const breaker = registry.resilience?.circuit_breaker;
  return {
    tlsVerify: registry.tls_verify ?? true,
    insecure: registry.insecure ?? false,
    retry: {
      maxAttempts: retry?.max_attempts ?? 3,
      initialDelayMs: retry?.initial_delay_ms ?? 1000,
      backoffMultiplier: retry?.backoff_multiplier ?? 2,
      maxDelayMs: retry?.max_delay_ms ?? 30_000,
      jitter: retry?.jitter ?? true,
    },
    circuitBreaker: {
      enabled: breaker?.enabled ?? true,
      failureThreshold: breaker?.failure_threshold ?? 5,
      recoveryTimeoutMs: breaker?.recovery_timeout_ms ?? 60_000,
      halfOpenRequests: breaker?.half_open_requests ?? 1,
    },
  };
}

function resolveAuth(
  context: ResolveContext,
  auth: Registry["auth"],
  path: IssuePath,
): RegistryConfig["auth"] {
  const type = auth?.type ?? "auto";
  const credentialsRef = resolveSecretRef(context, auth?.credentials_ref, [
    ...path,
    "credentials_ref",
  ]);
  const takesRef = type === "basic" || type === "token";
  if (takesRef && !context.has([...path, "credentials_ref"]))
    context.report([...path, "credentials_ref"], `is required for type ${type}`);
  // Guessing which of the two it is could send a password as a token.
  if (!takesRef && auth?.credentials_ref !== undefined && !context.has([...path, "type"]))
    context.report(
      [...path, "credentials_ref"],
      "needs type: basic (user:password) or type: token beside it",
      { side: "key" },
    );
  else if (!takesRef && auth?.credentials_ref !== undefined)
    context.report([...path, "credentials_ref"], `is not used by type ${type}`, { side: "key" });
  return { type, credentialsRef };
}
