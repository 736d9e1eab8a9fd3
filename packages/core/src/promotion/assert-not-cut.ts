import { isFloeError } from "../errors/index.ts";
import { invalidEvent } from "../ledger/event.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { MEDIA_TYPES } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { authorize } from "../model/identity.ts";
import { latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { readRecord, type VerifiedRecord } from "./read-record.ts";

/** Referrers of one artifact that are looked at; more are no reason to read for ever. */
const MAX_REFERRERS = 100;

/** Resolves `latest-ENV` and makes sure that the ledger was not cut off; see {@link assertNotCut}. */
export async function assertLatestNotCut(
  ledger: Ledger,
  view: LedgerView | null,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const latest = await context.store.resolve(latestTag(ledger.environment.name), options);
  await assertNotCut(ledger, view, latest?.digest ?? null, context, options);
}

/**
 * Makes sure that a ledger was not cut off. Whoever can delete tags can take its newest events away, and what is left
 * is a valid ledger, and so is one of their own in its place; but what an environment runs has a record, and the record names
 * the event that it stands for.
 * Looks only when `latest-ENV` is not what the ledger says.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - a signed record names an event that the ledger does not have
 */
export async function assertNotCut(
  ledger: Ledger,
  view: LedgerView | null,
  latest: Digest | null,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  if (!view || latest === null || latest === view.state.current?.digest) return;
  const { environment } = ledger;
  const { manifest } = context;
  const trusted = manifest.identities
    .filter(({ name }) => authorize(name, environment, manifest).granted)
    .map((identity) => identity.trusted);
  const referrers = await context.store.referrers(latest, options);
  const records = referrers.filter(
    ({ artifactType }) => artifactType === MEDIA_TYPES.sigstoreBundle,
  );
  for (const { digest } of records.slice(0, MAX_REFERRERS)) {
    const record = await readRecord(digest, latest, trusted, context, options).catch(
      (cause: unknown) => {
        // A signature of the artifact, or a statement by somebody who may not promote here.
        if (isFloeError(cause, "FLOE_RECORD_INVALID")) return null;
        throw cause;
      },
    );
    if (!record || !isOfPlace(record, environment.name, context.store.repository)) continue;
    const place = record.predicate["ledger"] as Partial<Record<string, unknown>> | undefined;
    if (typeof place?.["seq"] !== "number") continue;
    const { seq, hash } = place;
    // Somebody may have promoted since the view was read: what counts is the ledger of now.
    const now = seq > view.seq ? await ledger.view(options) : view;
    // What is older than the ledger is cannot be asked about.
    if (now?.state.pruned && seq < now.state.pruned.seq) continue;
    let found = false;
    if (now && seq <= now.seq)
      for await (const event of ledger.read(seq, seq, options)) found ||= event.hash === hash;
    if (!found)
      throw invalidEvent(
        `${environment.name}#${seq}`,
        `it is gone: the record ${digest} of what ${latestTag(environment.name)} holds names it, and the ledger ends at ${now?.seq ?? 0}`,
      );
  }
}

// The same artifact may have been promoted elsewhere, and its records copied with it. The ledger's name is not compared: who
// puts another ledger in the place of this one gives it another name.
function isOfPlace(
  { subjectName, predicate }: VerifiedRecord,
  environment: string,
  repository: string,
): boolean {
  const there = predicate["target_environment"] ?? predicate["environment"];
  return there === environment && subjectName === repository;
}
