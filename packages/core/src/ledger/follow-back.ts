import type { Digest } from "../model/digest.ts";
import type { LedgerMode } from "./oci-backend.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/**
 * Makes what judges events on the way back, newest first. By whom an environment may be changed today says nothing about what
 * was done before: an event counts that somebody who may change it has gone by, and every event vouches for what it follows.
 */
export function createFollower(
  modeAt: (seq: number) => LedgerMode,
): <Stored extends VerifiedEvent>(stored: Stored) => Stored {
  const followed = new Set<Digest>();
  const disregarded = new Set<Digest>();
  let anyFollowed = false;
  return (stored) => {
    const { event, hash } = stored;
    const isFollowed = followed.has(hash) || (modeAt(event.seq) === "slot" && anyFollowed);
    const counts = !disregarded.has(hash);
    const authorized = counts && (stored.authorized || isFollowed);
    // A refusal changes nothing, so anybody's is let stand; that it follows something proves nothing about that.
    const vouches = counts && (stored.vouches || isFollowed);
    if (vouches) {
      anyFollowed = true;
      for (const link of [event.prev, ...(event.rivals ?? [])]) if (link) followed.add(link);
      for (const link of event.disregards ?? []) disregarded.add(link);
    }
    return { ...stored, authorized, vouches };
  };
}
