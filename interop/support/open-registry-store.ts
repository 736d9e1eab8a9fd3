import type { ArtifactStore } from "@floe/core/ports";
import { createRegistryStore, type RegistryStoreOptions } from "@floe/oci";

/** Opens floe's store on a registry for the length of a block. */
export function openRegistryStore(options: RegistryStoreOptions): ArtifactStore & AsyncDisposable {
  const store = createRegistryStore(options);
  const close = store[Symbol.asyncDispose];
  if (close === undefined) throw new Error("a registry store holds connections to be closed");
  // An arrow function: the AsyncDisposableStack of Node 24 refuses bound ones.
  return Object.assign(store, { [Symbol.asyncDispose]: async () => close.call(store) });
}
