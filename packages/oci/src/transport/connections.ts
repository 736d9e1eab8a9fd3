import type { Agent, RequestOptions } from "node:http";
import type { AgentOptions } from "node:https";
import type { LookupFunction } from "node:net";
import { guardLookup } from "./guard-lookup.ts";
import { openTunnel } from "./open-tunnel.ts";
import { proxyAuthorization, proxySecrets } from "./proxy-authorization.ts";
import { type Environment, selectProxy } from "./select-proxy.ts";
import { type TlsSettings, tlsOptions } from "./tls-settings.ts";

/** Whom connections go to and how. */
export interface ConnectionOptions extends TlsSettings {
  /** The registry's own origin: its host may have a private address, and it alone sees the client certificate. */
  readonly registry?: URL | undefined;
  /** Other hosts that may have private addresses. */
  readonly trustedHosts?: readonly string[] | undefined;
  /**
   * Where `HTTPS_PROXY` and its like are looked up. Default: nowhere, no proxy. A proxy resolves names by itself: what they
   * lead to is then for the proxy to guard.
   */
  readonly proxyEnv?: Environment | undefined;
  /** Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
}

/** Where a request goes in fact: to the host itself, or to a proxy that stands before it. */
export interface Route {
  readonly options: RequestOptions;
  /** Whether the request itself is sent over TLS, or a tunnel has seen to that. */
  readonly secure: boolean;
  readonly proxyHeaders: Readonly<Record<string, string>>;
  /** What `proxyHeaders` have that must not be repeated. */
  readonly secrets: readonly string[];
}

/** Connections that are kept open, per way of getting there. */
export interface Connections {
  /** `fresh`: over a connection of its own. */
  route(url: URL, fresh: boolean): Route;
  close(): void;
}

/** Idle connections that are kept per origin. How many are open at all is for those who send to limit. */
const MAX_IDLE = 8;

/** Makes the connections of one transport. `connectMs` is the time that a tunnel may take to stand. */
export function createConnections(options: ConnectionOptions, connectMs: number): Connections {
  const agents = new Map<string, Agent>();
  let closing = new AbortController();
  const { registry, proxyEnv = {} } = options;
  const trusted = new Set(options.trustedHosts?.map((host) => host.toLowerCase()));
  const lookup: LookupFunction = guardLookup(
    (hostname, settings, callback) =>
      (options.lookup ?? process.getBuiltinModule("node:dns").lookup)(hostname, settings, callback),
    { registry: registry?.hostname, isTrusted: (name) => trusted.has(name.toLowerCase()) },
  );

  function makeAgent(url: URL, proxy: URL | null, keepAlive: boolean): Agent {
    const base: AgentOptions = { keepAlive, maxFreeSockets: MAX_IDLE };
    if (proxy !== null && url.protocol === "http:") {
      return proxy.protocol === "https:"
        ? new (process.getBuiltinModule("node:https").Agent)(base)
        : new (process.getBuiltinModule("node:http").Agent)(base);
    }
    if (url.protocol === "http:") {
      return new (process.getBuiltinModule("node:http").Agent)({ ...base, lookup });
    }
    const tls = tlsOptions(options, url.origin === registry?.origin);
    const agent = new (process.getBuiltinModule("node:https").Agent)({ ...base, ...tls, lookup });
    if (proxy === null) return agent;
    agent.createConnection = (_, done) => {
      const port = Number(url.port === "" ? 443 : url.port);
      const host = url.hostname.replace(/^\[|\]$/g, "");
      const connect = async () => {
        try {
          done?.(
            null,
            await openTunnel({
              proxy,
              host,
              port,
              tls,
              limitMs: connectMs,
              signal: closing.signal,
            }),
          );
        } catch (error) {
          const { Socket } = process.getBuiltinModule("node:net");
          // The second argument is not looked at; its type wants one.
          done?.(error instanceof Error ? error : new Error(String(error)), new Socket());
        }
      };
      void connect();
      return undefined;
    };
    return agent;
  }

  function agentFor(url: URL, proxy: URL | null, fresh: boolean): Agent {
    if (fresh) return makeAgent(url, proxy, false);
    // A tunnel's agent knows its one host; so does the one with the client certificate.
    const key = `${url.protocol === "https:" ? url.origin : "http:"} ${proxy?.href ?? ""}`;
    const known = agents.get(key);
    if (known !== undefined) return known;
    const agent = makeAgent(url, proxy, true);
    agents.set(key, agent);
    return agent;
  }

  return {
    route(url, fresh) {
      const proxy = selectProxy(url, proxyEnv);
      const agent = agentFor(url, proxy, fresh);
      const plain = {
        protocol: url.protocol,
        hostname: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port,
        path: `${url.pathname}${url.search}`,
        agent,
      };
      const secure = url.protocol === "https:";
      if (proxy === null || secure)
        return { options: plain, secure, proxyHeaders: {}, secrets: [] };
      // Over plain http a proxy is asked for the whole address (RFC 9112, section 3.2.2).
      return {
        options: {
          protocol: proxy.protocol,
          hostname: proxy.hostname.replace(/^\[|\]$/g, ""),
          port: proxy.port,
          path: `${url.origin}${url.pathname}${url.search}`,
          agent,
        },
        secure: proxy.protocol === "https:",
        proxyHeaders: { host: url.host, ...proxyAuthorization(proxy) },
        secrets: proxySecrets(proxy),
      };
    },
    close() {
      closing.abort();
      closing = new AbortController();
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}
