import { FloeError } from "../../errors/index.ts";
import { keyIdOf } from "../../model/identity.ts";
import type { TrustedSigner, Verifier } from "../../ports/index.ts";
import { historyOf } from "../../verification/read-history.ts";
import { stateDivergences } from "../../verification/state-divergences.ts";
import type { GivenCheckpoint } from "../anchors/judge-anchors.ts";
import type { LedgerAudit } from "../audit-ledger.ts";
import { checkLinks } from "../check-links.ts";
import { endings, unboundOutcomes } from "../endings.ts";
import { isBroken, readEventLink } from "../event-link.ts";
import { merkleRoot } from "../merkle-root.ts";
import { pruningOf } from "../pruning-of.ts";
import { type AuditFinding, type AuditVerdict, judged, notChecked } from "../verdict.ts";
import { anchorBundle } from "./bundled-anchors.ts";
import { type BundledEvent, type BundleTrust, readBundledEvents } from "./bundled-events.ts";
import { bundledMoves } from "./bundled-moves.ts";
import { bundledParts, newestPruning } from "./bundled-parts.ts";
import { type BundledRecords, checkBundledRecords } from "./bundled-records.ts";
import { type BundledLedger, type ReadBundle, readBundle } from "./read-bundle.ts";

/** What a bundle is verified with. Whom to trust is said here, and never by the bundle. */
export interface VerifyBundleRequest {
  /** Where the bundle is from, for messages. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Default: every environment that the bundle has. */
  readonly environment?: string | undefined;
  /** Public keys (PEM) that are trusted. */
  readonly trusted?: readonly Extract<TrustedSigner, { method: "key" }>[];
  /** Ids of keys that are trusted, `sha256:` over their SPKI DER: the keys themselves are in the bundle. */
  readonly trustedIds?: readonly string[];
  /** Checkpoints that were kept elsewhere. */
  readonly checkpoints?: readonly GivenCheckpoint[];
}

/**
 * Verifies the ledgers of an audit bundle from their bytes, without a registry or a manifest. Signatures by certificates are not
 * judged.
 * @throws {FloeError} FLOE_AUDIT_BUNDLE_INVALID - it is no bundle
 * @throws {FloeError} FLOE_USAGE_INVALID - it has no such key or environment
 */
export async function verifyAuditBundle(
  request: VerifyBundleRequest,
  verifier: Verifier,
): Promise<LedgerAudit[]> {
  const bundle = await readBundle(request.chunks, request.name);
  const trusted = new Map<string, Extract<TrustedSigner, { method: "key" }>>();
  for (const signer of request.trusted ?? []) trusted.set(keyIdOf(signer.publicKey), signer);
  for (const id of request.trustedIds ?? []) {
    const publicKey = bundle.keys.get(id);
    if (publicKey === undefined) throw unknown(`${request.name} has no key ${id}`);
    trusted.set(id, { method: "key", name: id, publicKey });
  }
  const { environment } = request;
  const ledgers = bundle.ledgers.filter(
    (ledger) => environment === undefined || ledger.environment === environment,
  );
  if (ledgers.length === 0)
    throw unknown(`${request.name} has no ledger${environment ? ` of ${environment}` : ""}`);
  const trust = { trusted, keys: bundle.keys, verifier };
  return ledgers.map((ledger) => auditBundled(ledger, bundle, trust, request.checkpoints ?? []));
}

function unknown(message: string): FloeError {
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message,
    hint: "See what it holds: floe audit verify --bundle FILE -o json.",
  });
}

function auditBundled(
  ledger: BundledLedger,
  bundle: ReadBundle,
  trust: BundleTrust,
  checkpoints: readonly GivenCheckpoint[],
): LedgerAudit {
  const pruned = newestPruning(ledger, trust);
  const isLeft = ({ seq }: { readonly seq: number }): boolean => seq >= (pruned?.seq ?? 0);
  const stored = { ...ledger, entries: ledger.entries.filter(isLeft) };
  const entries = stored.entries.map(({ seq, bytes }) => readEventLink(seq, bytes));
  const { genesis, pinned, parts } = bundledParts(ledger, pruned, trust);
  const mode = genesis?.mode ?? "slot";
  const modeAt = (seq: number): "slot" | "own-tag" =>
    parts.findLast(({ first }) => first <= seq)?.mode ?? mode;
  const linked = checkLinks(entries, parts, pruned ? pruned.size - 1 : 0);
  const { events: read, unread } = readBundledEvents(stored, modeAt, trust);
  const events = read.map((one) => (one.hash === pruned?.hash ? { ...one, begins: true } : one));
  const pruning = pruningOf({ pruned, leftover: 0 }, linked, events);
  // What is no event at all is told once.
  const broken = new Set(entries.filter(isBroken).map(({ hash }) => hash as string));
  const malformed = unread.filter(({ hash }) => hash === null || !broken.has(hash));
  const states = stateDivergences(historyOf(events, modeAt));
  const moves = bundledMoves(ledger, parts, events, trust);
  const signers = [...trust.trusted.values()];
  const records = checkBundledRecords(
    events,
    bundle.objects,
    (signers.length > 0 ? signers : namedSigners(events, bundle)).map((one) => ({
      ...one,
      method: "key",
    })),
    trust.verifier,
  );
  const last = linked.events.at(-1);
  const total = linked.events.length;
  const chain = linked.events[0]?.chain;
  const gaps = linked.problems.filter(({ kind }) => kind === "gap").map(tampered);
  const open = states.last.open_intents.map(({ operation }) => operation);
  return {
    environment: ledger.environment,
    chain: ledger.chain,
    backend: genesis?.backend ?? "unknown",
    mode,
    serialises: mode === "slot" ? "strong" : "advisory",
    events: total,
    head: last ? { seq: last.slot, hash: last.hash } : null,
    root:
      total === 0 || !pruning.range
        ? null
        : merkleRoot(
            linked.events.map(({ hash }) => hash),
            pruning.range,
          ),
    openIntents: open,
    pruned: pruning.past,
    verdicts: {
      integrity: judged(
        [
          ...linked.problems.filter(({ kind }) => kind === "link").map(tampered),
          ...malformed,
          ...(chain !== undefined && chain !== ledger.chain
            ? [
                tampered({
                  ...{ seq: 0, hash: null },
                  what: `its events are of the ledger ${chain}, and the bundle says ${ledger.chain}`,
                }),
              ]
            : []),
          ...states.found.map(tampered),
          ...unboundOutcomes(events),
          ...moves.changed,
          ...records.wrong,
          ...bundle.broken.map((what) => tampered({ seq: null, hash: null, what })),
          ...pruning.findings,
          ...(pruned && pinned !== ledger.genesis
            ? [
                tampered({
                  ...{ seq: 0, hash: ledger.genesis },
                  what: "the genesis that the environment pins is missing",
                }),
              ]
            : []),
        ],
        `${total} events follow one another, and their states from them`,
        [...pruning.notes, ...moves.notes],
      ),
      completeness: completeness(
        [...gaps, ...cutOff(ledger, gaps), ...moves.missing, ...records.missing],
        {
          ...{ total, unread: unread.length, events, records: records.count, open: open.length },
        },
      ),
      anchoring: anchorBundle(
        ledger,
        linked,
        pruning.range,
        checkpoints,
        signers.map((one) => ({ ...one, method: "key" })),
        trust.verifier,
      ),
      authenticity: authenticity([...events, ...moves.signed], unread.length, records, trust),
    },
  };
}

function tampered(problem: {
  readonly seq: number | null;
  readonly hash: string | null;
  readonly what: string;
}): AuditFinding {
  const { seq, hash, what } = problem;
  const fix = "Compare with a copy that you trust.";
  return { seq, hash, code: "FLOE_LEDGER_TAMPERED", what, fix };
}

// Whoever made the bundle counted the events; cutting some off and leaving that as it is shows.
function cutOff({ entries, events }: BundledLedger, gaps: readonly AuditFinding[]): AuditFinding[] {
  if (entries.length === events) return [];
  const last = entries.reduce((highest, { seq }) => Math.max(highest, seq), -1);
  const seq = entries.length < events && gaps.length === 0 ? last + 1 : null;
  const what = `the bundle says ${events} events, and has ${entries.length}`;
  return [tampered({ seq, hash: null, what })];
}

// Without trusted keys it can still be told whether a record is by one of those who signed events.
function namedSigners(
  events: readonly BundledEvent[],
  { keys }: ReadBundle,
): { readonly name: string; readonly publicKey: string }[] {
  const named = new Map(keys);
  for (const { event, signature } of events) {
    const { key_id: id, public_key: publicKey } = event.actor;
    if (id !== undefined && publicKey !== undefined && signature !== "invalid")
      named.set(id, publicKey);
  }
  return [...named].map(([name, publicKey]) => ({ name, publicKey }));
}

function completeness(
  missing: readonly AuditFinding[],
  about: {
    readonly total: number;
    readonly unread: number;
    readonly events: readonly BundledEvent[];
    readonly records: number;
    readonly open: number;
  },
): AuditVerdict {
  const { total, unread, events, records, open } = about;
  if (total === 0)
    return judged([...missing, tampered({ seq: 0, hash: null, what: "there is no event" })], "");
  const findings = [...missing, ...endings(events)];
  if (findings.length === 0 && unread > 0)
    return notChecked("not every event can be read, so that it cannot be told what is missing");
  return judged(
    findings,
    `${total} events without a gap, ${records} records are here, each operation that ended did so once`,
    open > 0 ? [`${open} operation${open > 1 ? "s are" : " is"} open`] : [],
  );
}

function authenticity(
  events: readonly BundledEvent[],
  unread: number,
  records: BundledRecords,
  { trusted }: BundleTrust,
): AuditVerdict {
  const disregarded = new Set(
    events.flatMap(({ event, vouches }) => (vouches ? (event.disregards ?? []) : [])),
  );
  const strangers = events.filter(({ signature }) => signature === "stranger");
  const isHarmless = ({ event, hash }: BundledEvent): boolean =>
    event.kind === "genesis" || event.kind === "refusal" || disregarded.has(hash);
  const harmless = strangers.filter(isHarmless).length;
  const findings: AuditFinding[] = [
    ...events
      .filter(({ signature }) => signature === "invalid")
      .map(({ slot, hash }) => ({
        ...{ seq: slot, hash, code: "FLOE_LEDGER_EVENT_INVALID" as const },
        ...{ what: "its signature is not by whom it names", fix: FIND_OUT },
      })),
    ...strangers
      .filter((one) => !isHarmless(one))
      .map(({ slot, hash, event }) => ({
        ...{ seq: slot, hash, code: "FLOE_LEDGER_EVENT_UNAUTHORIZED" as const },
        what: `${event.kind} by ${event.actor.key_id}, which is none of the keys that you trust`,
        fix: "Give its key as well if its owner may act there; else find out who that is.",
      })),
  ];
  const count = (wanted: BundledEvent["signature"]): number =>
    events.filter(({ signature }) => signature === wanted).length;
  if (trusted.size > 0 && events.length > 0 && count("trusted") + count("certificate") === 0)
    findings.push({
      ...{ seq: 0, hash: null, code: "FLOE_LEDGER_EVENT_UNAUTHORIZED" },
      what: "no event at all is signed with a key that you trust",
      fix: "Take the keys of those who may act there, from where they publish them.",
    });
  findings.push(...records.unsigned);
  const notes =
    harmless > 0
      ? [`${harmless} events without effect are signed with keys that you do not trust`]
      : [];
  if (findings.length > 0) return judged(findings, "", notes);
  if (events.length === 0 || unread > 0)
    return notChecked("not every event can be read, so that its signature cannot be checked");
  if (trusted.size === 0)
    return notChecked(
      "the signatures are by the keys that the events name; whose those are nobody has said. Give the keys that you trust with --trust",
    );
  const certificates = count("certificate") + records.byCertificate;
  if (certificates > 0)
    return notChecked(
      `${certificates} signatures are by certificates, which are not judged offline`,
    );
  return judged(
    [],
    `${events.length} signatures of events and ${records.count} of records verify`,
    notes,
  );
}

const FIND_OUT = "Compare with a copy that you trust, and find out who changed it.";
