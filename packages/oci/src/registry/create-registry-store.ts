import type { LookupFunction } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDigest } from "@floe/core/model";
import type { ArtifactStore, CallOptions, Clock, Logger, Telemetry } from "@floe/core/ports";
import type { RegistryCredentials } from "../auth/registry-credentials.ts";
import { createTransport, DEFAULT_TIMEOUTS, type Timeouts } from "../transport/create-transport.ts";
import type { Environment } from "../transport/select-proxy.ts";
import type { ClientCertificate } from "../transport/tls-settings.ts";
import { traceTransport } from "../transport/trace-transport.ts";
import { createBlobs } from "./blobs.ts";
import { type BreakerSettings, DEFAULT_BREAKER } from "./circuit-breaker.ts";
import { createRegistryClient } from "./create-registry-client.ts";
import { createFallbackIndex } from "./fallback-index.ts";
import { createHostStates, type HostStates, PROCESS_HOSTS } from "./host-state.ts";
import { createManifests } from "./manifests.ts";
import { createReferrers } from "./referrers.ts";
import { parseRegistryUri } from "./registry-location.ts";
import { DEFAULT_RETRY, type RetrySettings } from "./retry.ts";
import { createTags } from "./tags.ts";
import { DEFAULT_UPLOADS, type UploadSettings } from "./upload-blob.ts";

/** Options of {@link createRegistryStore}. */
export interface RegistryStoreOptions {
  /** `oci://host[:port]/repo`. */
  readonly uri: string;
  /**
   * Asked when the registry first wants credentials, and again when they say that they have to be renewed. See
   * `createCredentialSource` of `@floe/oci/credentials`. Default: none, anonymous.
   */
  readonly credentials?: (options: CallOptions) => Promise<RegistryCredentials | null>;
  /** Plain http for a host that is not loopback. Default `false`. */
  readonly insecure?: boolean;
  /** `false` accepts any certificate. Default `true`. */
  readonly tlsVerify?: boolean;
  /** PEM of certificate authorities to trust besides the system's. */
  readonly ca?: string;
  /** Shown to the registry itself (mutual TLS), never to hosts that it leads to. */
  readonly clientCertificate?: ClientCertificate;
  /** Host names besides the registry's own that may have private addresses: its token service, where it stores blobs. */
  readonly trustedHosts?: readonly string[];
  /** Where `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are looked up. Default: nowhere, no proxy. */
  readonly proxyEnv?: Environment;
  /** Resolves host names. Default `dns.lookup`. */
  readonly lookup?: LookupFunction;
  readonly retry?: Partial<RetrySettings>;
  readonly circuitBreaker?: Partial<BreakerSettings>;
  /** Requests to one host at a time, and as many uploads; shared by all stores of the process. Default 8. */
  readonly maxConcurrent?: number;
  /** Requests to one host in a second, evenly spread and shared likewise. Default: no limit. */
  readonly requestsPerSecond?: number;
  /** What stores know of hosts together: pauses, places, the circuit breaker. Default: one table for the process. */
  readonly hosts?: HostStates;
  /** Told what the registry warns of, and of `tlsVerify: false`. Default: nobody. */
  readonly logger?: Pick<Logger, "warn">;
  /** Told of every request; the registry is not told of the trace. Default: nobody watches. */
  readonly telemetry?: Telemetry | undefined;
  readonly timeouts?: Partial<Timeouts>;
  readonly uploads?: Partial<UploadSettings>;
  /** The most bytes of a manifest, an index or a page of a list. Default 4 MiB. */
  readonly maxManifestBytes?: number;
  /** Local time and waiting. Default: the system's. */
  readonly clock?: Clock;
  /** 0 ≤ x < 1, for pauses. Default `Math.random`. */
  readonly random?: () => number;
  /** Default `performance.now`. */
  readonly monotonicMs?: () => number;
  /** Default `floe`. */
  readonly userAgent?: string;
}

const DEFAULT_MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const DEFAULT_MAX_CONCURRENT = 8;

export { registryTls } from "../transport/registry-tls.ts";
export { trustedHosts } from "../transport/trusted-hosts.ts";
export { createHostStates };

/**
 * Opens a repository of a registry over HTTP (OCI distribution-spec 1.1). Nothing is sent before the first call.
 *
 * Digests are computed over the bytes that arrive. Tags are compared before they are written and read back after,
 * since no registry guards them (`tagCreation: "compare-then-put"`). `stats` counts HTTP requests, those for tokens
 * included; `stats.writes` those that put or delete.
 *
 * @throws {FloeError} FLOE_REFERENCE_INVALID - `uri` names no repository, or carries credentials
 */
export function createRegistryStore(options: RegistryStoreOptions): ArtifactStore {
  const { tlsVerify = true, hosts = PROCESS_HOSTS } = options;
  const location = parseRegistryUri(options.uri, options.insecure ?? false);
  const { origin } = location;
  if (!tlsVerify && origin.protocol === "https:") warnUnverified(origin, hosts, options.logger);
  const plain = createTransport({
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    tlsVerify,
    ca: options.ca,
    clientCertificate: options.clientCertificate,
    registry: origin,
    trustedHosts: options.trustedHosts,
    proxyEnv: options.proxyEnv,
    lookup: options.lookup,
  });
  const { telemetry } = options;
  const client = createRegistryClient({
    location,
    transport: telemetry ? traceTransport(plain, origin, telemetry) : plain,
    telemetry: telemetry ?? null,
    hosts,
    breaker: { ...DEFAULT_BREAKER, ...options.circuitBreaker },
    maxConcurrent: options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT,
    requestsPerSecond: options.requestsPerSecond ?? null,
    logger: options.logger ?? null,
    credentials: options.credentials ?? (() => Promise.resolve(null)),
    retry: { ...DEFAULT_RETRY, ...options.retry },
    clock: options.clock ?? SYSTEM_CLOCK,
    random: options.random ?? Math.random,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    maxManifestBytes: options.maxManifestBytes ?? DEFAULT_MAX_MANIFEST_BYTES,
    userAgent: options.userAgent ?? "floe",
  });
  const manifests = createManifests(client);
  const tags = createTags(client, manifests);
  const { cancelUnused, ...blobs } = createBlobs(client, {
    ...DEFAULT_UPLOADS,
    ...options.uploads,
  });
  const fallback = createFallbackIndex(client, manifests);
  const referrers = createReferrers(client, { manifests, tags, fallback });

  return {
    repository: client.location.name,
    tagCreation: "compare-then-put",
    get stats() {
      return client.stats;
    },
    now: () => client.now(),
    resolve: manifests.resolve,
    async getManifest(reference, call) {
      const known = isDigest(reference) ? fallback.recall(reference) : null;
      return known ?? (await manifests.get(reference, call));
    },
    putManifest: async (manifest, { signal }) =>
      (await manifests.putByDigest(manifest, { signal })).descriptor,
    async createTag(tag, manifest, call) {
      const { subject: _, ...result } = await tags.create(tag, manifest, call);
      return result;
    },
    moveTag: tags.move,
    listTags: tags.list,
    deleteTag: tags.delete,
    deleteManifest: manifests.delete,
    ...blobs,
    ...referrers,
    async [Symbol.asyncDispose]() {
      await cancelUnused();
      client.close();
    },
  };
}

function warnUnverified(
  origin: URL,
  hosts: HostStates,
  logger: Pick<Logger, "warn"> | undefined,
): void {
  const { shown } = hosts.of(origin.origin);
  const warning = `tls_verify is false: whoever answers for ${origin.host} is believed, and gets the credentials`;
  if (logger === undefined || shown.has(warning)) return;
  shown.add(warning);
  logger.warn(warning);
}

const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, { signal }) => sleep(milliseconds, undefined, { signal }),
};
