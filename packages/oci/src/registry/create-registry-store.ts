import { setTimeout as sleep } from "node:timers/promises";
import type { ArtifactStore, Clock } from "@floe/core/ports";
import type { RegistryCredentials } from "../auth/create-auth-session.ts";
import { createTransport, DEFAULT_TIMEOUTS, type Timeouts } from "../transport/create-transport.ts";
import { createBlobs } from "./blobs.ts";
import { createRegistryClient } from "./create-registry-client.ts";
import { createFallbackIndex } from "./fallback-index.ts";
import { createManifests } from "./manifests.ts";
import { createReferrers } from "./referrers.ts";
import { parseRegistryUri } from "./registry-location.ts";
import { DEFAULT_RETRY, type RetrySettings } from "./retry.ts";
import { createTags } from "./tags.ts";

/** Options of {@link createRegistryStore}. */
export interface RegistryStoreOptions {
  /** `oci://host[:port]/repo`. */
  readonly uri: string;
  /** Asked once, when the registry first wants credentials. Default: none, anonymous. */
  readonly credentials?: () => Promise<RegistryCredentials | null>;
  /** Plain http for a host that is not loopback. Default `false`. */
  readonly insecure?: boolean;
  /** `false` accepts any certificate. Default `true`. */
  readonly tlsVerify?: boolean;
  /** PEM of the certificate authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly retry?: Partial<RetrySettings>;
  readonly timeouts?: Partial<Timeouts>;
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
  const client = createRegistryClient({
    location: parseRegistryUri(options.uri, options.insecure ?? false),
    transport: createTransport({
      timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
      tlsVerify: options.tlsVerify ?? true,
      ca: options.ca,
    }),
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
  const blobs = createBlobs(client);
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
    getManifest: manifests.get,
    putManifest: async (manifest, { signal }) =>
      (await manifests.putByDigest(manifest, { signal })).descriptor,
    async createTag(tag, manifest, call) {
      const { subject: _, ...result } = await tags.create(tag, manifest, call);
      return result;
    },
    moveTag: tags.move,
    listTags: tags.list,
    deleteTag: tags.delete,
    ...blobs,
    ...referrers,
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, { signal }) => sleep(milliseconds, undefined, { signal }),
};
