export type { RegistryCredentials } from "./auth/create-auth-session.ts";
export { createLayoutStore, type LayoutStoreOptions } from "./layout/create-layout-store.ts";
export { formatReference, parseReference, type Reference } from "./reference.ts";
export {
  createRegistryStore,
  type RegistryStoreOptions,
} from "./registry/create-registry-store.ts";
export type { RetrySettings } from "./registry/retry.ts";
export type { Timeouts } from "./transport/create-transport.ts";
