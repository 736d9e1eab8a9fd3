import { checkAnchors, type GivenCheckpoint } from "./check-anchors.ts";
import { checkChain, type Part } from "./check-chain.ts";
import { checkStates, type JudgedEvent, judgeEvents, type Signature } from "./check-events.ts";
import { checkMoves } from "./check-moves.ts";
import { checkEndings, checkIntents, checkRecords } from "./check-operations.ts";
import { merkleRoot, WHOLE } from "./hashes.ts";
import { isCount, own, ownText } from "./json.ts";
import { type PublicKey, readPublicKey } from "./keys.ts";
import { checkPruning, newestPruning, type PrunedPast, type Pruning } from "./pruning.ts";
import type { AuditBundle, BundledLedger } from "./read-bundle.ts";
import { type Facts, type ReadEntry, readEntry } from "./read-event.ts";
import { isSignedWith } from "./signed-bundle.ts";
import {
  type Finding,
  judged,
  notChecked,
  type Question,
  tampered,
  type Verdict,
} from "./verdict.ts";

/** Keys that somebody trusts, by their id, with the name for messages. */
export type TrustedKeys = ReadonlyMap<string, { readonly name: string; readonly key: PublicKey }>;

/** The four answers about one ledger. */
export interface LedgerAnswers {
  readonly environment: string;
  readonly chain: string;
  readonly backend: string;
  readonly mode: "slot" | "own-tag";
  readonly serialises: "strong" | "advisory";
  readonly events: number;
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** Root of the Merkle tree over all events (RFC 6962). */
  readonly root: string | null;
  readonly openIntents: readonly string[];
  /** Where the events are that were removed; `null`: none were. */
  readonly pruned: PrunedPast | null;
  readonly verdicts: Readonly<Record<Question, Verdict>>;
}

/** What a bundle is verified with. */
export interface VerifyOptions {
  readonly trusted: TrustedKeys;
  /** Checkpoints that were kept elsewhere. */
  readonly checkpoints?: readonly GivenCheckpoint[];
}

/** Verifies every ledger of a bundle from its bytes. */
export function verifyBundle(
  bundle: AuditBundle,
  { trusted, checkpoints = [] }: VerifyOptions,
): LedgerAnswers[] {
  return bundle.ledgers.map((ledger) => verifyLedger(ledger, bundle, trusted, checkpoints));
}

function verifyLedger(
  ledger: BundledLedger,
  bundle: AuditBundle,
  trusted: TrustedKeys,
  checkpoints: readonly GivenCheckpoint[],
): LedgerAnswers {
  const all = ledger.entries.map((entry) => readEntry(entry, ledger));
  const genesis = beginning(all, ledger);
  const mode = modeOf(genesis?.body);
  const pruning = newestPruning(
    all.flatMap(({ facts }) =>
      facts && isBelieved(signatureOf(facts, bundle, trusted)) ? [facts] : [],
    ),
  );
  // The beginning of a pruned ledger comes along for what it says about its place.
  const entries = all.filter(({ slot }) => slot >= (pruning?.kept.seq ?? 0));
  const parts = partsSince(pruning, partsOf(all, ledger, genesis));
  const chain = checkChain(entries, parts, pruning?.range.size);
  const pruned = checkPruning(pruning, chain.links);
  const range = pruned.findings.length > 0 ? null : (pruning?.range ?? WHOLE);
  const unread = entries.filter(({ facts }) => facts === null);
  const events = judgeEvents(
    entries.flatMap(({ facts }) =>
      facts ? [{ facts, signature: signatureOf(facts, bundle, trusted) }] : [],
    ),
    parts,
  );
  const states = checkStates(events, parts, pruning?.kept.hash);
  const moves = checkMoves(ledger, parts, events, (facts) => signatureOf(facts, bundle, trusted));
  const keys =
    trusted.size > 0 ? [...trusted.values()].map(({ key }) => key) : namedKeys(events, bundle);
  const records = checkRecords(events, ledger.environment, bundle.objects, keys);
  const last = chain.links.at(-1);
  const total = chain.links.length;
  const readable = unread
    .filter(({ link }) => link !== null)
    .map(({ slot, hash, problem }) => invalid(slot, hash, problem));
  const integrity = judged(
    [
      ...chain.changed,
      ...readable,
      ...named(ledger, chain.links[0]?.chain),
      ...states.findings,
      ...checkIntents(events, ledger.environment),
      ...moves.changed,
      ...records.wrong,
      ...bundle.broken.map((what) => tampered(null, null, what)),
      ...pruned.findings,
      ...(pruning && genesis?.hash !== ledger.genesis
        ? [tampered(0, ledger.genesis, "the genesis that the environment pins is missing")]
        : []),
    ],
    `${total} events follow one another, and their states from them`,
    [...pruned.notes, ...moves.notes],
  );
  const open = states.last.open.map(({ operation }) => operation);
  return {
    environment: ledger.environment,
    chain: ledger.chain,
    backend: ownText(genesis?.body, "backend") ?? "unknown",
    mode,
    serialises: mode === "slot" ? "strong" : "advisory",
    events: total,
    head: last ? { seq: last.slot, hash: last.hash } : null,
    root:
      total === 0 || !range
        ? null
        : merkleRoot(
            chain.links.map(({ hash }) => hash),
            range,
          ),
    openIntents: open,
    pruned: pruned.past,
    verdicts: {
      integrity,
      completeness: completeness(
        [...chain.missing, ...short(ledger, chain.missing), ...moves.missing, ...records.missing],
        { total, unread, events, records: records.records, open: open.length },
      ),
      anchoring: checkAnchors(ledger, chain.links, range, trusted, checkpoints),
      authenticity: authenticity([...events, ...moves.signed], unread, records, trusted),
    },
  };
}

function beginning(entries: readonly ReadEntry[], { genesis }: BundledLedger): Facts | null {
  const found = entries.filter(({ facts }) => facts?.kind === "genesis");
  const pinned = found.find(({ hash }) => hash === genesis);
  return (pinned ?? found.find(({ slot }) => slot === 0))?.facts ?? null;
}

// The places that a ledger was in, oldest first: every beginning names the one before, also where that is not there.
function partsOf(
  entries: readonly ReadEntry[],
  ledger: BundledLedger,
  pinned: Facts | null,
): Part[] {
  const parts: Part[] = [];
  let { genesis } = ledger;
  for (let facts = pinned; facts; ) {
    const mode = modeOf(facts.body);
    const continues = own(facts.body, "continues");
    const before = ownText(continues, "genesis");
    const first = before === null ? 0 : facts.seq;
    parts.unshift({ mode, first, genesis });
    const from = own(continues, "first");
    if (before === null || !isCount(from) || from >= first) break;
    genesis = before;
    const found = entries.find(
      (entry) =>
        entry.hash === before && entry.facts?.kind === "genesis" && entry.facts.seq < first,
    );
    facts = found?.facts ?? null;
    if (!facts) parts.unshift({ mode: modeOf(continues), first: from, genesis });
  }
  if (parts[0]?.first === 0) return parts;
  return [{ mode: "slot", first: 0, genesis: parts.length > 0 ? null : genesis }, ...parts];
}

// The event that a pruned ledger begins with is for its place what a genesis is elsewhere.
function partsSince(pruning: Pruning | null, parts: readonly Part[]): readonly Part[] {
  if (!pruning) return parts;
  const { seq: first, hash: genesis } = pruning.kept;
  const mode = parts.findLast((part) => part.first <= first)?.mode ?? "slot";
  return [{ mode, first, genesis }, ...parts.filter((part) => part.first > first)];
}

function modeOf(place: unknown): Part["mode"] {
  return ownText(place, "mode") === "own-tag" ? "own-tag" : "slot";
}

function invalid(seq: number, hash: string, what: string): Finding {
  const fix = "Compare with a copy that you trust.";
  return { seq, hash, code: "FLOE_LEDGER_EVENT_INVALID", what, fix };
}

function named(ledger: BundledLedger, chain: string | undefined): Finding[] {
  return chain === undefined || chain === ledger.chain
    ? []
    : [tampered(0, null, `its events are of the ledger ${chain}, and the bundle says another`)];
}

// Whoever made the bundle counted the events; cutting some off and leaving that as it is shows.
function short({ entries, events }: BundledLedger, missing: readonly Finding[]): Finding[] {
  if (entries.length === events) return [];
  const last = entries.reduce((highest, { slot }) => Math.max(highest, slot), -1);
  const seq = entries.length < events && missing.length === 0 ? last + 1 : null;
  return [tampered(seq, null, `the bundle says ${events} events, and has ${entries.length}`)];
}

function isBelieved(signature: Signature): boolean {
  return signature === "trusted" || signature === "certificate";
}

/** Whose signature an event has: the key is the one that it names, and whether that is trusted is said from outside. */
function signatureOf(
  { actor, signed }: Facts,
  { keys }: AuditBundle,
  trusted: TrustedKeys,
): Signature {
  if (signed.byCertificate) return actor.method === "keyless" ? "certificate" : "invalid";
  const { keyId, publicKey, issuer, subject } = actor;
  if (actor.method === "keyless" || keyId === null || issuer !== null || subject !== null)
    return "invalid";
  const key =
    publicKey === null
      ? (trusted.get(keyId)?.key ?? keys.get(keyId)?.key)
      : readPublicKey(publicKey);
  if (key?.id !== keyId || !isSignedWith(key.key, signed)) return "invalid";
  return trusted.size === 0 || trusted.has(keyId) ? "trusted" : "stranger";
}

// Without trusted keys it can still be told whether a record is by one of those who signed events.
function namedKeys(events: readonly JudgedEvent[], { keys }: AuditBundle): PublicKey[] {
  const ids = new Map<string, PublicKey>();
  for (const { key } of keys.values()) ids.set(key.id, key);
  for (const { facts, signature } of events) {
    const key = facts.actor.publicKey === null ? null : readPublicKey(facts.actor.publicKey);
    if (key && signature !== "invalid") ids.set(key.id, key);
  }
  return [...ids.values()];
}

interface Counted {
  readonly total: number;
  readonly unread: readonly ReadEntry[];
  readonly events: readonly JudgedEvent[];
  readonly records: number;
  readonly open: number;
}

function completeness(
  missing: readonly Finding[],
  { total, unread, events, records, open }: Counted,
): Verdict {
  if (total === 0) return judged([...missing, tampered(0, null, "there is no event")], "");
  const findings = [...missing, ...checkEndings(events)];
  if (findings.length === 0 && unread.length > 0)
    return notChecked("not every event can be read, so that it cannot be told what is missing");
  return judged(
    findings,
    `${total} events without a gap, ${records} records are here, each operation that ended did so once`,
    open > 0 ? [`${open} operation${open > 1 ? "s are" : " is"} open`] : [],
  );
}

function authenticity(
  events: readonly JudgedEvent[],
  unread: readonly ReadEntry[],
  records: ReturnType<typeof checkRecords>,
  trusted: TrustedKeys,
): Verdict {
  const disregarded = new Set(
    events.flatMap(({ facts, vouches }) => (vouches ? facts.disregards : [])),
  );
  const forged = events
    .filter(({ signature }) => signature === "invalid")
    .map(({ facts }) => invalid(facts.slot, facts.hash, "its signature is not by whom it names"));
  const strangers = events.filter(({ signature }) => signature === "stranger");
  const isHarmless = ({ facts: { kind, hash } }: JudgedEvent): boolean =>
    kind === "genesis" || kind === "refusal" || disregarded.has(hash);
  const harmless = strangers.filter(isHarmless);
  const unknown = strangers
    .filter((event) => !isHarmless(event))
    .map(({ facts: { slot, hash, kind, actor } }): Finding => {
      const what = `${kind} by ${actor.keyId}, which is none of the keys that you trust`;
      const fix = "Give its key as well if its owner may act there; else find out who that is.";
      return { seq: slot, hash, code: "FLOE_LEDGER_EVENT_UNAUTHORIZED", what, fix };
    });
  const byTrusted = events.filter(({ signature }) => signature === "trusted").length;
  const byCertificate = events.filter(({ signature }) => signature === "certificate").length;
  const nobody: Finding[] =
    trusted.size > 0 && byTrusted + byCertificate === 0 && events.length > 0
      ? [
          {
            ...{ seq: 0, hash: null, code: "FLOE_LEDGER_EVENT_UNAUTHORIZED" },
            ...{ what: "no event at all is signed with a key that you trust" },
            ...{ fix: "Take the keys of those who may act there, from where they publish them." },
          },
        ]
      : [];
  const findings = [...forged, ...unknown, ...nobody, ...records.unsigned];
  const notes =
    harmless.length > 0
      ? [`${harmless.length} events without effect are signed with keys that you do not trust`]
      : [];
  if (findings.length > 0) return judged(findings, "", notes);
  if (events.length === 0 || unread.length > 0)
    return notChecked(
      "not every event can be read, so that its signature cannot be checked",
      notes,
    );
  if (trusted.size === 0)
    return notChecked(
      "the signatures are by the keys that the events name; whose those are nobody has said. Give the keys that you trust",
      notes,
    );
  const certificates = byCertificate + records.byCertificate;
  if (certificates > 0)
    return notChecked(
      `${certificates} signatures are by certificates, which are not judged offline`,
      notes,
    );
  return judged(
    [],
    `${events.length} signatures of events and ${records.records} of records verify`,
    notes,
  );
}
