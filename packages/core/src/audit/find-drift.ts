import type { Ledger } from "../ledger/ledger.ts";
import type { Pruned } from "../ledger/prune-body.ts";
import { bySeqThenHash } from "../ledger/read-view.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { PREDICATE_TYPES } from "../model/records.ts";
import { classifyTag, latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { selectEnvironments } from "../promotion/environments.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { recordsOfPlace } from "../promotion/records-of-place.ts";
import { tagRules } from "../promotion/resolve-artifact.ts";

/** What `floe audit drift` is asked. */
export interface DriftRequest {
  readonly environment?: string | undefined;
}

/** A tag that is not as the ledger says. */
export interface DriftedTag {
  readonly environment: string;
  readonly tag: string;
  /** `moved`: it holds something else; `missing`: it is gone; `unknown`: no event speaks of it. */
  readonly kind: "moved" | "missing" | "unknown";
  readonly expected: Digest | null;
  readonly actual: Digest | null;
  /** Slot of the event that the tag rests on. */
  readonly seq: number | null;
}

/** How many tags are looked up at a time. */
const AT_ONCE = 8;

/**
 * Compares an environment's tags and records with its ledger: whoever can push can move a tag without floe, and this is where
 * it shows. Of an operation that is open nothing is expected yet.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - the ledger itself cannot be believed; see `floe audit verify`
 */
export async function findDrift(
  request: DriftRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<DriftedTag[]> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const found: DriftedTag[] = [];
  for (const environment of environments)
    found.push(...(await driftOf(environment, at(context, environment), ledgers, options)));
  return found;
}

interface Expected {
  readonly digest: Digest;
  readonly seq: number | null;
}

async function driftOf(
  environment: EnvironmentConfig,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<DriftedTag[]> {
  const { store, manifest } = context;
  const { name } = environment;
  const ledger = ledgers.of(environment);
  const view = await ledger.view(options);
  const events: VerifiedEvent[] = [];
  if (view) for await (const stored of ledger.readBack(options)) events.push(stored);
  const expected = expectedTags(events.sort(bySeqThenHash), name);
  const pruned = view?.state.pruned;
  const current = view?.state.current;
  if (current) expected.set(latestTag(name), { digest: current.digest, seq: current.seq });
  const pending = new Set((view?.state.open_intents ?? []).map(({ digest }) => digest));
  const rules = tagRules(manifest);
  const there = (await store.listTags(options)).filter((tag) => {
    const known = classifyTag(tag, rules);
    return "environment" in known && known.environment === name;
  });
  const names = [...new Set([...expected.keys(), ...there])].sort();
  const found: DriftedTag[] = [];
  for (let start = 0; start < names.length; start += AT_ONCE) {
    const part = names.slice(start, start + AT_ONCE);
    const held = await Promise.all(part.map((tag) => store.resolve(tag, options)));
    for (const [index, tag] of part.entries()) {
      const actual = held[index]?.digest ?? null;
      const wanted = expected.get(tag);
      if (actual === (wanted?.digest ?? null) || (actual !== null && pending.has(actual))) continue;
      const kind = wanted === undefined ? "unknown" : actual === null ? "missing" : "moved";
      if (
        kind === "unknown" &&
        actual &&
        pruned &&
        (await recorded(tag, actual, ledger, pruned, context, options))
      )
        continue;
      found.push({
        ...{ environment: name, tag, kind, actual },
        expected: wanted?.digest ?? null,
        seq: wanted?.seq ?? null,
      });
    }
  }
  return found;
}

// The event that a tag rests on may have been pruned: then the record beside the artifact says that it was there.
async function recorded(
  tag: string,
  actual: Digest,
  { environment }: Ledger,
  pruned: Pruned,
  context: FloeContext,
  options: CallOptions,
): Promise<boolean> {
  const known = classifyTag(tag, tagRules(context.manifest));
  if (known.kind !== "environment" && known.kind !== "rollback") return false;
  const type = known.kind === "rollback" ? PREDICATE_TYPES.rollback : PREDICATE_TYPES.promotion;
  for await (const { record, seq } of recordsOfPlace(actual, environment, context, options)) {
    const { predicate, predicateType } = record;
    const isOfTag = predicateType === type && predicate["artifact_tag"] === known.version;
    if (isOfTag && seq < pruned.seq) return true;
  }
  return false;
}

function expectedTags(
  events: readonly VerifiedEvent[],
  environment: string,
): Map<string, Expected> {
  const expected = new Map<string, Expected>();
  for (const { event, authorized } of events) {
    if (!authorized) continue;
    const { seq } = event;
    if (event.kind === "prune")
      for (const { tag, digest } of event.body.adopted ?? []) expected.set(tag, { digest, seq });
    if (event.kind === "adopt") expected.set(event.body.tag, { digest: event.body.digest, seq });
    if (event.kind !== "outcome" || event.body.result !== "succeeded") continue;
    for (const { tag, digest } of event.body.tags)
      if (tag !== latestTag(environment)) expected.set(tag, { digest, seq });
    const { record } = event.body;
    if (record) expected.set(record.tag, { digest: record.digest, seq });
  }
  return expected;
}
