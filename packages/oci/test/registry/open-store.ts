import { isFloeError } from "@floe/core/errors";
import type { ArtifactStore, Clock } from "@floe/core/ports";
import { type RegistryOptions, startRegistry, type TestRegistry } from "@floe/testing";
import {
  createHostStates,
  createRegistryStore,
  type RegistryStoreOptions,
} from "../../src/index.ts";

/** The repository that the tests use. */
export const REPO = "acme/app";

/** A registry with a store on it, and what the store waited for. */
export interface OpenedStore extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly store: ArtifactStore;
  /** The pauses that were asked for, in milliseconds; none was really made. */
  readonly pauses: number[];
  /** `METHOD path` of every request so far. */
  trace(): string[];
  /** Another store on the same repository, as another process would have. */
  another(options?: Partial<RegistryStoreOptions>): ArtifactStore;
}

/** Starts a registry and opens a store on it that does not really wait between attempts. */
export async function openStore(
  registryOptions: RegistryOptions = {},
  storeOptions: Partial<RegistryStoreOptions> = {},
): Promise<OpenedStore> {
  const registry = await startRegistry(registryOptions);
  const pauses: number[] = [];
  let slept = 0;
  const clock: Clock = {
    now: () => new Date(),
    sleep: async (milliseconds, { signal }) => {
      signal.throwIfAborted();
      pauses.push(milliseconds);
      slept += milliseconds;
    },
  };
  // Of its own, as if every test were a process; and time that passes as the clock says.
  const hosts = createHostStates();
  const monotonicMs = () => performance.now() + slept;
  const stores: ArtifactStore[] = [];
  const another = (options: Partial<RegistryStoreOptions> = {}) => {
    const uri = `oci://${registry.host}/${REPO}`;
    const store = createRegistryStore({
      uri,
      clock,
      hosts,
      monotonicMs,
      ...storeOptions,
      ...options,
    });
    stores.push(store);
    return store;
  };
  return {
    registry,
    store: another(),
    pauses,
    another,
    trace: () =>
      registry.requests.map(
        ({ method, path }) => `${method} ${path.replace(/^\/v2\/acme\/app\//, "")}`,
      ),
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]?.();
      await registry.close();
    },
  };
}

/** The code of the FloeError that a call ends with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await errorOf(call)).code;
}

/** The FloeError that a call ends with. */
export async function errorOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (isFloeError(error)) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}

/** Every message of an error and its causes. */
export function messagesOf(error: unknown): string {
  const parts: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    parts.push(one.message, JSON.stringify(one), one.stack ?? "");
  }
  return parts.join("\n");
}
