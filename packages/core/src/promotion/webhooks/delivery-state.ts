import * as z from "zod";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "../../model/descriptor.ts";
import { type Digest, isDigest } from "../../model/digest.ts";
import { webhookTag } from "../../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../../ports/index.ts";

const ANNOTATION = "dev.floe.webhooks";
const MAX_STATE_BYTES = 256 * 1024;

/** How far one webhook was told. */
export interface Told {
  /** Everything up to this slot of the ledger was. */
  readonly seq: number;
  /** What was of the slots above it. */
  readonly delivered: readonly Digest[];
}

/** How far the webhooks of an environment were told, by their ids. */
export type DeliveryState = ReadonlyMap<string, Told>;

const State = z.record(
  z.string().max(200),
  z.object({
    seq: z.int().min(-1),
    delivered: z.array(z.custom<Digest>(isDigest)).max(1000),
  }),
);

/**
 * Reads how far webhooks were told. It is a note, not evidence: whoever can push can change it, and all that comes of that is
 * something that is told twice, or not at all. What cannot be read is none.
 */
export async function readDeliveryState(
  environment: string,
  store: ArtifactStore,
  options: CallOptions,
): Promise<DeliveryState> {
  const manifest = await store.getManifest(webhookTag(environment), options);
  if (!manifest || manifest.bytes.byteLength > MAX_STATE_BYTES) return new Map();
  try {
    const { annotations } = JSON.parse(new TextDecoder().decode(manifest.bytes)) as {
      annotations?: Record<string, unknown>;
    };
    const read = State.safeParse(JSON.parse(String(annotations?.[ANNOTATION])));
    return new Map(read.success ? Object.entries(read.data) : []);
  } catch {
    return new Map();
  }
}

/**
 * Writes how far webhooks were told, joined with what somebody else has written since: of two that are written at once one
 * may be lost, and then something is told once more.
 */
export async function writeDeliveryState(
  environment: string,
  told: DeliveryState,
  store: ArtifactStore,
  options: CallOptions,
): Promise<void> {
  const now = await readDeliveryState(environment, store, options);
  const joined = new Map(now);
  for (const [id, one] of told) joined.set(id, join(now.get(id), one));
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.webhooks,
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    annotations: { [ANNOTATION]: JSON.stringify(Object.fromEntries(joined)) },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  await store.moveTag(
    webhookTag(environment),
    { bytes, mediaType: MEDIA_TYPES.ociManifest },
    options,
  );
}

function join(one: Told | undefined, other: Told): Told {
  if (!one) return other;
  const seq = Math.max(one.seq, other.seq);
  return { seq, delivered: [...new Set([...one.delivered, ...other.delivered])].slice(-1000) };
}
