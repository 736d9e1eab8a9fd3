import type { Descriptor, Digest } from "@floe/core/model";
import type { LayoutBlobs } from "./layout-blobs.ts";
import type { LayoutIndex } from "./layout-index.ts";
import {
  isManifestType,
  MAX_MANIFEST_BYTES,
  type ManifestFacts,
  readManifestFacts,
} from "./manifest-facts.ts";
import { invalidStore } from "./store-error.ts";

/** How many manifests are read before other work gets a turn. */
const READS_PER_TURN = 64;

/** Finds attached manifests. */
export interface LayoutReferrers {
  find(index: LayoutIndex, subject: Digest, signal: AbortSignal): Promise<Descriptor[]>;
}

type Known = Pick<ManifestFacts, "subject" | "artifactType" | "annotations" | "manifests">;

/**
 * Computes referrers from `index.json` and the manifests that it lists, and the children of listed indexes.
 *
 * An entry with floe's hint is opened only if the hint names the subject that is asked for; the manifest itself is
 * what counts. Entries of other tools carry no hint and are opened, once per store object: content never changes
 * under a digest. A manifest that cannot be read fails the call, as it could be the one that matters.
 */
export function createLayoutReferrers(blobs: LayoutBlobs): LayoutReferrers {
  const known = new Map<Digest, Known>();

  async function factsOf(descriptor: Descriptor, listed: boolean): Promise<Known> {
    const { digest } = descriptor;
    const before = known.get(digest);
    if (before !== undefined) return before;
    const bytes = await blobs.readSmall(descriptor, MAX_MANIFEST_BYTES);
    if (bytes === null && listed) {
      throw invalidStore(
        `index.json lists the manifest ${digest}, and its blob is missing`,
        "Restore the blob from a copy, or remove its entry from index.json.",
      );
    }
    // An index may name children that are elsewhere (image-spec, "Blobs"): such a layout is partial, not broken.
    const facts = bytes === null ? null : readManifestFacts(bytes);
    const { subject = null, manifests = [] } = facts ?? {};
    const worth = subject !== null;
    const kept: Known = {
      subject,
      manifests,
      artifactType: worth ? (facts?.artifactType ?? null) : null,
      annotations: worth ? (facts?.annotations ?? null) : null,
    };
    if (bytes !== null) known.set(digest, kept);
    return kept;
  }

  return {
    async find(index, subject, signal) {
      const found = new Map<Digest, Descriptor>();
      const seen = new Set<Digest>();
      let wave: { readonly descriptor: Descriptor; readonly listed: boolean }[] = [];
      for (const descriptor of candidates(index, subject)) {
        seen.add(descriptor.digest);
        wave.push({ descriptor, listed: true });
      }
      while (wave.length > 0) {
        const next: typeof wave = [];
        for (const [position, { descriptor, listed }] of wave.entries()) {
          if (position % READS_PER_TURN === 0) {
            await new Promise((resume) => setImmediate(resume));
            signal.throwIfAborted();
          }
          const facts = await factsOf(descriptor, listed);
          if (facts.subject === subject) found.set(descriptor.digest, describe(descriptor, facts));
          for (const child of facts.manifests) {
            if (seen.has(child.digest) || index.byDigest.has(child.digest)) continue;
            seen.add(child.digest);
            if (isManifestType(child.mediaType)) next.push({ descriptor: child, listed: false });
          }
        }
        wave = next;
      }
      return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    },
  };
}

function candidates(index: LayoutIndex, subject: Digest): Descriptor[] {
  const opened = new Map<Digest, Descriptor>();
  const hinted = new Set<Digest>();
  for (const { descriptor, subject: hint } of index.entries) {
    if (descriptor === null || !isManifestType(descriptor.mediaType)) continue;
    if (hint !== null && hint !== subject) hinted.add(descriptor.digest);
    else opened.set(descriptor.digest, descriptor);
  }
  return [...opened.values()].filter(({ digest }) => !hinted.has(digest));
}

function describe({ mediaType, digest, size }: Descriptor, facts: Known): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(facts.artifactType === null ? {} : { artifactType: facts.artifactType }),
    ...(facts.annotations === null ? {} : { annotations: facts.annotations }),
  };
}
