import { type FloeError, isFloeError } from "../errors/index.ts";
import { actorName } from "../ledger/fold-state.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { isOutOfReach } from "../ledger/ledger-parts.ts";
import type { LedgerMode } from "../ledger/oci-backend.ts";
import { bySeqThenHash } from "../ledger/read-view.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { authorize } from "../model/identity.ts";
import type { CallOptions, TrustedSigner } from "../ports/index.ts";
import { assertLatestNotCut } from "../promotion/assert-not-cut.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { selectEnvironments } from "../promotion/environments.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { datedBack } from "../verification/check-history.ts";
import { historyOf } from "../verification/read-history.ts";
import { stateDivergences } from "../verification/state-divergences.ts";
import { readAnchor } from "./anchor.ts";
import { type AnchorAnswer, type GivenCheckpoint, judgeAnchors } from "./anchors/judge-anchors.ts";
import { askStore, findingOf, orProblem, RESTORE } from "./ask-store.ts";
import { checkLinks, type LinkedLedger, type LinkProblem } from "./check-links.ts";
import type { MoveAnswers } from "./check-moves.ts";
import { type CompactRange, NO_LEAVES } from "./compact-range.ts";
import { compareIndex } from "./compare-index.ts";
import { endings, unboundOutcomes } from "./endings.ts";
import { merkleRoot } from "./merkle-root.ts";
import { movesOf } from "./moves-of.ts";
import { type PrunedPast, pruningOf } from "./pruning-of.ts";
import { readEntries, whyAway } from "./read-entries.ts";
import {
  type AuditFinding,
  type AuditQuestion,
  type AuditVerdict,
  judged,
  notChecked,
} from "./verdict.ts";

/** What `floe audit verify` is asked. */
export interface AuditRequest {
  /** Default: every environment. */
  readonly environment?: string | undefined;
  readonly checkpoints?: readonly GivenCheckpoint[];
  /** Who is trusted to sign checkpoints, instead of those who may change the environment by the manifest. */
  readonly trusted?: readonly TrustedSigner[];
}

/** The four answers about one ledger, and what they are about. */
export interface LedgerAudit {
  readonly environment: string;
  /** `null`: the environment has no ledger. */
  readonly chain: string | null;
  readonly backend: string;
  readonly mode: LedgerMode;
  readonly serialises: "strong" | "advisory";
  readonly events: number;
  readonly head: { readonly seq: number; readonly hash: Digest } | null;
  /** Root of the Merkle tree over all events (RFC 6962). */
  readonly root: Digest | null;
  readonly openIntents: readonly string[];
  /** Where the events are that were removed; `null`: none were. */
  readonly pruned: PrunedPast | null;
  readonly verdicts: Readonly<Record<AuditQuestion, AuditVerdict>>;
  /** What each place that keeps checkpoints shows; together they are the verdict about anchoring. Absent for a bundle. */
  readonly anchors?: readonly AnchorAnswer[];
}

/**
 * Verifies ledgers from their stored bytes.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND - no such environment
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE and the like - it could not be looked at
 */
export async function auditLedgers(
  request: AuditRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<LedgerAudit[]> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const audits: LedgerAudit[] = [];
  for (const environment of environments)
    audits.push(
      await auditLedger(environment, request, at(context, environment), ledgers, options),
    );
  return audits;
}

async function auditLedger(
  environment: EnvironmentConfig,
  request: AuditRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<LedgerAudit> {
  const ledger = ledgers.of(environment);
  const about = {
    environment: environment.name,
    backend: context.manifest.audit.backend,
    mode: ledger.mode,
    serialises: ledger.mode === "slot" ? ("strong" as const) : ("advisory" as const),
  };
  const pinned = await orProblem(() => ledger.pinned(options));
  if (isFloeError(pinned)) {
    const answer = judged([findingOf(pinned)], "");
    const why = "the ledger that the environment pins cannot be read";
    const none = notChecked(why);
    const verdicts = { integrity: answer, completeness: none, anchoring: none, authenticity: none };
    return { ...about, ...EMPTY, verdicts, anchors: uncompared(context, why).anchors };
  }
  if (pinned === null) {
    const none = notChecked("the environment has no ledger, and no tag of floe");
    const verdicts = { integrity: none, completeness: none, anchoring: none, authenticity: none };
    if (context.anchors.length === 0) return { ...about, ...EMPTY, verdicts };
    // Whoever has taken everything away could not take it away there.
    const kept = await anchoring(environment, request, null, NOTHING, context, options);
    const { verdict, anchors } = kept;
    const answer = verdict.verdict === "failed" ? verdict : none;
    return { ...about, ...EMPTY, verdicts: { ...verdicts, anchoring: answer }, anchors };
  }
  const read = await orProblem(() => readEntries(ledger, options));
  if (isFloeError(read)) {
    const why = "the places that the ledger was in cannot be followed";
    const none = notChecked(why);
    const integrity = judged([findingOf(read)], "");
    const verdicts = { integrity, completeness: none, anchoring: none, authenticity: none };
    const { anchors } = uncompared(context, why);
    return { ...about, ...EMPTY, chain: pinned.chain, verdicts, anchors };
  }
  const { entries, unreadable, parts, before, away } = read;
  const linked = checkLinks(entries, parts, read.pruned ? read.pruned.size - 1 : before);
  const problems = [...unreadable, ...linked.problems];
  const links = problems.filter(({ kind }) => kind === "link").map(linkFinding);
  const store = await askStore(ledger, options);
  const verified = await orProblem(() => readAll(ledger, options));
  const states = isFloeError(verified) ? [] : stateFindings(verified, ledger, before, context);
  const index = isFloeError(verified)
    ? []
    : await orProblem(() => compareIndex(verified, ledger, parts.at(-1)?.first ?? 0, options));
  const outcomes = isFloeError(verified) ? [] : unboundOutcomes(verified);
  const view = await orProblem(() => ledger.view({ ...options, moving: true }));
  const last = linked.events.at(-1);
  const total = linked.events.length;
  const moves = await movesOf(ledger, parts, verified, options);
  const pruning = pruningOf(read, linked, verified);
  // What was not looked at is not ok.
  const whole = (verdict: AuditVerdict): AuditVerdict =>
    away === null || verdict.verdict !== "ok"
      ? verdict
      : notChecked(
          `the ${before} events before the ledger was moved are ${whyAway(away)}; as far as was read: ${verdict.summary}`,
        );
  const anchored =
    before > 0 || !pruning.range
      ? uncompared(context, before > 0 ? null : UNPROVEN)
      : await anchoring(
          environment,
          request,
          pinned.chain,
          { ...linked, range: pruning.range },
          context,
          options,
        );
  return {
    ...about,
    chain: pinned.chain,
    events: total,
    head: last ? { seq: last.slot, hash: last.hash } : null,
    root:
      total === 0 || before > 0 || !pruning.range
        ? null
        : merkleRoot(
            linked.events.map(({ hash }) => hash),
            pruning.range,
          ),
    pruned: pruning.past,
    openIntents: isFloeError(view)
      ? []
      : (view?.state.open_intents ?? []).map(({ operation }) => operation),
    verdicts: {
      integrity: whole(
        judged(
          [
            ...links,
            ...states,
            ...outcomes,
            ...moves.changed,
            ...store.tampering,
            ...(isFloeError(index) ? [findingOf(index)] : index),
            ...pruning.findings,
          ],
          `${total} events follow one another, and their states from them`,
          [...pruning.notes, ...moves.notes, ...store.weaknesses],
        ),
      ),
      completeness: whole(
        await completeness({ ledger, linked, problems, verified, view, moves }, context, options),
      ),
      anchoring: whole(anchored.verdict),
      authenticity: whole(authenticity(verified)),
    },
    anchors: anchored.anchors,
  };
}

const UNPROVEN = "what stands for the pruned events cannot be believed";

/** A ledger that is not there. */
const NOTHING = { events: [], range: NO_LEAVES };

const EMPTY = {
  chain: null,
  events: 0,
  head: null,
  root: null,
  openIntents: [],
  pruned: null,
  anchors: [],
} as const;

async function readAll(ledger: Ledger, options: CallOptions): Promise<VerifiedEvent[]> {
  const events: VerifiedEvent[] = [];
  try {
    for await (const stored of ledger.readBack(options)) events.push(stored);
  } catch (cause) {
    // Everything after the place that cannot be read was.
    if (!isOutOfReach(cause, await ledger.parts(options))) throw cause;
  }
  return events.sort(bySeqThenHash);
}

function stateFindings(
  events: readonly VerifiedEvent[],
  ledger: Ledger,
  before: number,
  { manifest }: FloeContext,
): AuditFinding[] {
  // What was before what is at hand is its first event's word.
  const base = before > 0 ? events[0]?.event.state : undefined;
  const history = historyOf(events, ledger.modeAt, base);
  const found = [...datedBack(history, manifest), ...stateDivergences(history).found];
  return found.map(({ seq, hash, what }) => ({
    ...{ seq, hash, code: "FLOE_LEDGER_TAMPERED" as const, what },
    fix: "Somebody who may act here has used a changed floe. Find out who, and set right what they did by a command that says so.",
  }));
}

interface Evidence {
  readonly ledger: Ledger;
  readonly linked: LinkedLedger;
  readonly problems: readonly LinkProblem[];
  readonly verified: readonly VerifiedEvent[] | FloeError;
  readonly view: LedgerView | null | FloeError;
  readonly moves: MoveAnswers;
}

async function completeness(
  { ledger, linked, problems, verified, view, moves }: Evidence,
  context: FloeContext,
  options: CallOptions,
): Promise<AuditVerdict> {
  const findings = [
    ...problems.filter(({ kind }) => kind === "gap").map(linkFinding),
    ...moves.missing,
  ];
  if (isFloeError(view)) findings.push(findingOf(view));
  else {
    const cut = await orProblem(() => assertLatestNotCut(ledger, view, context, options)).catch(
      async (cause: unknown) => {
        // It names an event of a place that is out of reach; that is said already.
        if (!isOutOfReach(cause, await ledger.parts(options))) throw cause;
      },
    );
    if (isFloeError(cut)) findings.push(findingOf(cut));
  }
  if (isFloeError(verified))
    return findings.length > 0
      ? judged(findings, "")
      : notChecked("not every event can be read, so that it cannot be told what is missing");
  findings.push(...endings(verified));
  const open = view === null || isFloeError(view) ? 0 : view.state.open_intents.length;
  const notes =
    open > 0
      ? [
          `${open} operation${open > 1 ? "s are" : " is"} open; floe platform reconcile finishes what was interrupted`,
        ]
      : [];
  return judged(
    findings,
    `${linked.events.length} events without a gap, each operation that was begun has ended once`,
    [
      ...notes,
      "covers what was done with floe; for tags that were moved without it: floe audit drift",
    ],
  );
}

function authenticity(verified: readonly VerifiedEvent[] | FloeError): AuditVerdict {
  if (isFloeError(verified)) return judged([findingOf(verified)], "");
  const named = new Set(verified.flatMap(({ event }) => event.disregards ?? []));
  const strangers = verified.filter(
    ({ event, authorized }) => !authorized && event.kind !== "genesis" && event.kind !== "refusal",
  );
  const finding = ({ event, hash }: VerifiedEvent): AuditFinding => ({
    seq: event.seq,
    hash,
    code: "FLOE_LEDGER_EVENT_UNAUTHORIZED",
    what: `${event.kind} by ${event.actor.subject ?? event.actor.key_id ?? actorName(event.actor)} at ${event.at}, who may not change ${event.environment}; it has no effect`,
    fix: "Somebody who can push wrote it. Find out who, and whose credentials were used.",
  });
  const seen = strangers.filter(({ hash }) => named.has(hash));
  return judged(
    strangers.filter(({ hash }) => !named.has(hash)).map(finding),
    `${verified.length} signatures verify, by who the events say`,
    seen.map(
      ({ event }) =>
        `event ${event.seq} is by somebody who may not act here, and later events say so`,
    ),
  );
}

function uncompared(
  { anchors, log }: FloeContext,
  why: string | null,
): Awaited<ReturnType<typeof judgeAnchors>> {
  const answer = notChecked(
    why ?? "the beginning of the ledger is not at hand, and checkpoints are about all of it",
  );
  return {
    verdict: why === null ? judged([], "no checkpoint can be compared") : answer,
    anchors: [
      ...anchors,
      ...(log ? [{ name: log.name, kind: "rekor", location: log.url }] : []),
    ].map(({ name, kind, location }) => ({
      ...{ name, kind, location, size: null },
      ...answer,
    })),
  };
}

async function anchoring(
  environment: EnvironmentConfig,
  request: AuditRequest,
  chain: string | null,
  { range, ...linked }: Pick<LinkedLedger, "events"> & { readonly range: CompactRange },
  { manifest, store, verifier, anchors, log }: FloeContext,
  options: CallOptions,
): ReturnType<typeof judgeAnchors> {
  const kept = await readAnchor(environment.name, store, options);
  const trusted =
    request.trusted ??
    manifest.identities
      .filter(({ name }) => authorize(name, environment, manifest).granted)
      .map((identity) => identity.trusted);
  return await judgeAnchors(
    {
      ...{ environment, chain, linked, range, trusted, verifier, anchors, log },
      given: request.checkpoints ?? [],
      givenMayBeOthers: request.environment === undefined,
      beside: kept?.note ?? null,
      inRegistry: manifest.audit.backend === "oci",
    },
    options,
  );
}

function linkFinding({ seq, hash, what }: LinkProblem): AuditFinding {
  return { seq, hash, code: "FLOE_LEDGER_TAMPERED", what, fix: RESTORE };
}
