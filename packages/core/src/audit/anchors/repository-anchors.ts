import type { AnchorStore } from "../../contract/index.ts";
import type { ArtifactStore } from "../../ports/index.ts";
import { readAnchor, writeAnchor } from "../anchor.ts";

/** Another repository as a place for checkpoints: the newest of each environment is under `floe-cp.ENV`, as beside the ledger. */
export function createRepositoryAnchors(store: ArtifactStore, location: string): AnchorStore {
  return {
    location,
    async newest({ environment }, options) {
      const found = await readAnchor(environment, store, options);
      return found && new TextEncoder().encode(found.note);
    },
    async put({ environment }, { note }, options) {
      const before = await readAnchor(environment, store, options);
      const text = new TextDecoder().decode(note);
      await writeAnchor(environment, text, before?.manifest ?? null, store, options);
    },
  };
}
