import { eventBytes, modeFor } from "../ledger/oci-backend.ts";
import { genesisTag } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";

/**
 * Gives a store as the ledger of an environment was made with. A copy of a registry in a folder holds a ledger of a
 * registry, whose events are named otherwise than a folder would; to be read it is taken for what it is a copy of. What
 * the beginning says is only believed after its signature was checked by whoever reads the ledger.
 */
export async function asPinned(
  store: ArtifactStore,
  environment: string,
  options: CallOptions,
): Promise<ArtifactStore> {
  const tag = genesisTag(environment);
  const pinned = await store.getManifest(tag, options);
  if (!pinned) return store;
  const mode = modeOf(await eventBytes(store, pinned, tag, options));
  if (mode === null || mode === modeFor(store)) return store;
  const tagCreation: ArtifactStore["tagCreation"] = mode === "slot" ? "atomic" : "compare-then-put";
  return Object.create(store, { tagCreation: { value: tagCreation } }) as ArtifactStore;
}

function modeOf(bytes: Uint8Array): unknown {
  try {
    const bundle = JSON.parse(new TextDecoder().decode(bytes)) as {
      dsseEnvelope?: { payload?: unknown };
    } | null;
    const payload = bundle?.dsseEnvelope?.payload;
    if (typeof payload !== "string") return null;
    const statement = JSON.parse(Buffer.from(payload, "base64").toString("utf8")) as {
      predicate?: { body?: { mode?: unknown } };
    } | null;
    const mode = statement?.predicate?.body?.mode;
    return mode === "slot" || mode === "own-tag" ? mode : null;
  } catch {
    return null;
  }
}
