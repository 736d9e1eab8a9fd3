import { FloeError, isFloeError } from "../../errors/index.ts";
import type { Genesis } from "../../ledger/genesis.ts";
import { eventBytes, eventManifest, storeEventBlobs } from "../../ledger/oci-backend.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { genesisTag } from "../../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../../ports/index.ts";
import type { Beginning } from "./begin-there.ts";

/**
 * Pins the beginning in the new place instead of the one in the old. From here on manifests that name the old place are refused.
 * @throws {FloeError} FLOE_TAG_MOVED - somebody else has set the tag to something else meanwhile
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - the registry does not let it be set
 */
export async function pinThere(
  environment: EnvironmentConfig,
  { event, bytes }: Beginning,
  before: Genesis | null,
  store: ArtifactStore,
  options: CallOptions,
): Promise<void> {
  const tag = genesisTag(environment.name);
  const held = await store.getManifest(tag, options);
  const holds = held && (await eventBytes(store, held, tag, options));
  if (holds && Buffer.compare(holds, bytes) === 0) return;
  if (!held || !holds || !before || Buffer.compare(holds, before.bytes) !== 0)
    throw new FloeError({
      code: "FLOE_TAG_MOVED",
      message: `the tag ${tag} holds something else than the beginning of the ledger that is moved`,
      hint: "Somebody else has changed it. Run the same command again; if that says the same, look at who writes to this repository besides floe.",
    });
  await storeEventBlobs(store, bytes, false, options);
  try {
    const expect = held.descriptor.digest;
    await store.moveTag(tag, eventManifest(bytes, event.seq), { ...options, expect });
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_TAG_IMMUTABLE")) throw cause;
    throw new FloeError({
      code: "FLOE_TAG_IMMUTABLE",
      message: cause.message,
      hint: `The ledger is in its new place, and this tag has to say so. Exclude ${tag} from the registry's rule for immutable tags, and run the same command again.`,
      cause,
    });
  }
}
