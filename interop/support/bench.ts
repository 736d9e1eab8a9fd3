import { join } from "node:path";
import type { ArtifactStore } from "@floe/core/ports";
import { createLayoutStore } from "@floe/oci";
import { startDockerRegistry } from "@floe/testing";
import { openRegistryStore } from "./open-registry-store.ts";
import { runPeer } from "./run-peer.ts";
import { tempFolder } from "./temp-folder.ts";

/** A repository that floe and its peers both work on. */
export interface Bench extends AsyncDisposable {
  /** Floe's side. */
  readonly store: ArtifactStore;
  /** The peers' side: `host:port/repository` on a docker-registry. */
  readonly repository: string;
  /** A folder for the peers' files. */
  readonly folder: string;
  /** Makes what floe wrote under a tag, referrers included, visible to the peers. */
  toPeers(tag: string): Promise<void>;
  /** Makes what the peers wrote under a tag, referrers included, visible to floe. */
  fromPeers(tag: string): Promise<void>;
}

/** Floe works on a layout folder, and oras carries artifacts with all referrers between it and docker-registry. */
export async function layoutBench(signal: AbortSignal): Promise<Bench> {
  await using resources = new AsyncDisposableStack();
  const { path: folder } = resources.use(await tempFolder());
  const registry = resources.use(await startDockerRegistry({ signal }));
  const layout = join(folder, "layout");
  const repository = `${registry.host}/acme/app`;
  const options = { cwd: folder, signal };
  const store = createLayoutStore({ path: layout, create: true });
  const owned = resources.move();
  return {
    store,
    repository,
    folder,
    async toPeers(tag) {
      const flags = ["--recursive", "--from-oci-layout", "--to-plain-http"];
      await runPeer("oras", ["cp", ...flags, `${layout}:${tag}`, `${repository}:${tag}`], options);
    },
    async fromPeers(tag) {
      const flags = ["--recursive", "--from-plain-http", "--to-oci-layout"];
      await runPeer("oras", ["cp", ...flags, `${repository}:${tag}`, `${layout}:${tag}`], options);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Floe and its peers work on the same docker-registry. */
export async function registryBench(signal: AbortSignal): Promise<Bench> {
  await using resources = new AsyncDisposableStack();
  const { path: folder } = resources.use(await tempFolder());
  const registry = resources.use(await startDockerRegistry({ signal }));
  const repository = `${registry.host}/acme/app`;
  const store = resources.use(openRegistryStore({ uri: `oci://${repository}` }));
  const nothing = () => Promise.resolve();
  const owned = resources.move();
  return {
    store,
    repository,
    folder,
    toPeers: nothing,
    fromPeers: nothing,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
