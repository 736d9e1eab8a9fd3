export {
  type ArchiveStore,
  type ArchiveStoreOptions,
  openArchiveStore,
} from "./archive/open-archive-store.ts";
export type { RegistryCredentials } from "./auth/registry-credentials.ts";
export {
  type BlobCache,
  type BlobCacheOptions,
  type CacheRemoval,
  createBlobCache,
} from "./cache/create-blob-cache.ts";
export { type CachedStore, withCache } from "./cache/with-cache.ts";
export { artifactCopier } from "./copy/artifact-copier.ts";
export { type CopyRequest, copyArtifact } from "./copy/copy-artifact.ts";
export type { CopyProgress, CopyReport, CopyTag } from "./copy/copy-report.ts";
export { choosePlatform, parsePlatform } from "./copy/platform.ts";
export { inParallel } from "./in-parallel.ts";
export { createLayoutStore, type LayoutStoreOptions } from "./layout/create-layout-store.ts";
export { formatReference, parseReference, type Reference } from "./reference.ts";
export type { BreakerSettings } from "./registry/circuit-breaker.ts";
export {
  createHostStates,
  createRegistryStore,
  type RegistryStoreOptions,
  registryTls,
  trustedHosts,
} from "./registry/create-registry-store.ts";
export type { HostStates } from "./registry/host-state.ts";
export {
  type RebuildReport,
  type ReferrerLink,
  rebuildReferrers,
} from "./registry/rebuild-referrers.ts";
export type { RetrySettings } from "./registry/retry.ts";
export type { UploadSettings } from "./registry/upload-blob.ts";
export type { Timeouts } from "./transport/create-transport.ts";
export type { RegistryTls } from "./transport/registry-tls.ts";
export type { ClientCertificate } from "./transport/tls-settings.ts";
