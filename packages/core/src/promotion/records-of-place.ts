import { isFloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { MEDIA_TYPES } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { authorize } from "../model/identity.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { readRecord, type VerifiedRecord } from "./read-record.ts";

/** Referrers of one artifact that are looked at; more are no reason to read for ever. */
const MAX_REFERRERS = 100;

/** A record beside an artifact, and the event of the ledger that it names. */
export interface PlacedRecord {
  readonly record: VerifiedRecord;
  readonly seq: number;
  readonly hash: unknown;
}

/**
 * Reads the records of an artifact that are about this environment in this repository, by those who may act there. The ledger's
 * name is not compared: who puts another ledger in the place of this one gives it another name.
 */
export async function* recordsOfPlace(
  artifact: Digest,
  environment: EnvironmentConfig,
  context: FloeContext,
  options: CallOptions,
): AsyncGenerator<PlacedRecord> {
  const { manifest, store } = context;
  const trusted = manifest.identities
    .filter(({ name }) => authorize(name, environment, manifest).granted)
    .map((identity) => identity.trusted);
  const referrers = await store.referrers(artifact, options);
  const records = referrers.filter(
    ({ artifactType }) => artifactType === MEDIA_TYPES.sigstoreBundle,
  );
  for (const { digest } of records.slice(0, MAX_REFERRERS)) {
    const record = await readRecord(digest, artifact, trusted, context, options).catch(
      (cause: unknown) => {
        // A signature of the artifact, or a statement by somebody who may not promote here.
        if (isFloeError(cause, "FLOE_RECORD_INVALID")) return null;
        throw cause;
      },
    );
    // The same artifact may have been promoted elsewhere, and its records copied with it.
    const there = record?.predicate["target_environment"] ?? record?.predicate["environment"];
    if (!record || there !== environment.name || record.subjectName !== store.repository) continue;
    const place = record.predicate["ledger"] as Partial<Record<string, unknown>> | undefined;
    if (typeof place?.["seq"] !== "number") continue;
    yield { record, seq: place["seq"], hash: place["hash"] };
  }
}
