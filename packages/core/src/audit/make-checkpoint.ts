import { FloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { requireSigner } from "../ledger/ledger-context.ts";
import { pastUnnamed } from "../ledger/ledger-parts.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { authorize } from "../model/identity.ts";
import type { CallOptions, TrustedSigner } from "../ports/index.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { selectEnvironments } from "../promotion/environments.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { judgeOperator } from "../promotion/operator.ts";
import { readAnchor, writeAnchor } from "./anchor.ts";
import { logCheckpoint } from "./anchors/log-checkpoint.ts";
import { logEntriesOf } from "./anchors/logged-note.ts";
import { type AnchoredNote, describeAnchor, readAnchors } from "./anchors/read-anchors.ts";
import { type AnchoredCopy, spreadCheckpoint } from "./anchors/spread-checkpoint.ts";
import { checkLinks, type LinkedLedger, reachedFrom, rootOf } from "./check-links.ts";
import { type Checkpoint, checkpointText } from "./checkpoint.ts";
import { signCheckpoint, verifyCheckpoint } from "./checkpoint-signature.ts";
import { type CompactRange, NO_LEAVES } from "./compact-range.ts";
import { merkleRoot } from "./merkle-root.ts";
import { pruningOf } from "./pruning-of.ts";
import { type ReadEntries, readEntries } from "./read-entries.ts";

/** What a checkpoint is asked for. */
export interface CheckpointRequest {
  /** Default: every environment that has a ledger. */
  readonly environment?: string | undefined;
}

/** A checkpoint that was signed and put into the registry. */
export interface MadeCheckpoint {
  readonly environment: string;
  readonly checkpoint: Checkpoint;
  /** The signed note. */
  readonly note: string;
  /** Digest of the manifest under `floe-cp.ENV`. */
  readonly anchor: Digest;
  /** How it went with every other place that the manifest names. */
  readonly anchors: readonly AnchoredCopy[];
}

/**
 * Signs what the ledgers hold now and puts that beside them and into every other place that the manifest names, so that from now
 * on nobody cuts anything off unseen. Refuses where the ledger contradicts itself or an earlier checkpoint of any place: what is
 * signed must be what was there. A place that fails otherwise is told with the result, and the same call puts it right.
 * @throws {FloeError} FLOE_NOT_AUTHORIZED, FLOE_SIGNER_MISSING - by whom nobody would believe it
 * @throws {FloeError} FLOE_LEDGER_TAMPERED - the ledger has a gap, was changed, or has less than an earlier checkpoint
 * @throws {FloeError} FLOE_CHECKPOINT_INVALID - what is under the tag is no checkpoint by anybody who may act there
 */
export async function makeCheckpoints(
  request: CheckpointRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<MadeCheckpoint[]> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const made: MadeCheckpoint[] = [];
  for (const environment of environments) {
    const one = await makeCheckpoint(environment, at(context, environment), ledgers, options);
    if (one) made.push(one);
  }
  return made;
}

async function makeCheckpoint(
  environment: EnvironmentConfig,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<MadeCheckpoint | null> {
  const { name } = environment;
  const { store } = context;
  const ledger = ledgers.of(environment);
  const pinned = await ledger.pinned(options);
  if (!pinned) return null;
  // Nobody would believe it.
  const { problem: refused } = judgeOperator(environment, context, undefined);
  if (refused) {
    const { code, message, hint } = refused;
    throw new FloeError({ code, message, ...(hint === null ? {} : { hint }) });
  }
  const read = await readEntries(ledger, options);
  const { entries, unreadable, parts, away, pruned } = read;
  if (away) throw away.problem ?? pastUnnamed(name, pinned.first, away);
  const linked = checkLinks(entries, parts, pruned ? pruned.size - 1 : 0);
  const [problem] = [...unreadable, ...linked.problems];
  if (problem) throw tampered(name, `event ${problem.seq}: ${problem.what}`);
  // Reading it as everybody does checks the newest signatures as well.
  const view = await ledger.view(options);
  if (!view) return null;
  const range = await rangeBefore(ledger, read, linked, options);
  const before = await readAnchor(name, store, options);
  const follows = { environment, chain: pinned.chain, linked, range, context };
  const isLast = before ? assertFollows(before.note, `under floe-cp.${name}`, follows) : null;
  const kept = await readAnchors(context.anchors, environment, options);
  const judged = kept.map((one) => judgeKept(one, follows));
  const head = ledger.mode === "own-tag" ? view.hash : null;
  const covered = rootedAt(head, linked, range);
  const checkpoint = { origin: pinned.chain, ...covered, head };
  const text = checkpointText(checkpoint);
  const signer = requireSigner(context.signer, "checkpoint");
  // One that says the same is signed already: then it is brought to where it is missing.
  const isThere = before !== null && isLast === text;
  const signed = isThere ? before.note : await signCheckpoint(checkpoint, signer, options);
  const logged = context.log
    ? await logCheckpoint(
        signed,
        context.log,
        { trusted: trustedOf(follows), verifier: context.verifier },
        options,
      )
    : null;
  const note = logged?.note ?? signed;
  const anchor =
    isThere && note === before.note
      ? before.manifest
      : await writeAnchor(name, note, before?.manifest ?? null, store, options);
  const isLogged = logEntriesOf(note).length > 0;
  const anchors = await spreadCheckpoint(
    judged.map(({ text: said, ...one }) => ({
      ...one,
      isThere: said === text && (!isLogged || logEntriesOf(one.note ?? "").length > 0),
    })),
    { size: checkpoint.size, note },
    environment,
    options,
  );
  const copies = logged ? [...anchors, logged.copy] : anchors;
  return { environment: name, checkpoint, note, anchor, anchors: copies };
}

interface Follows {
  readonly environment: EnvironmentConfig;
  readonly chain: string;
  readonly linked: LinkedLedger;
  /** What stands for the events that were pruned. */
  readonly range: CompactRange;
  readonly context: FloeContext;
}

// What contradicts the ledger ends everything; what counts for nothing ends with its place alone.
function judgeKept(
  { anchor, note, problem }: AnchoredNote,
  follows: Follows,
): AnchoredNote & { readonly text: string | null } {
  if (note === null) return { anchor, note, problem, text: null };
  const verdict = verifyCheckpoint(note, trustedOf(follows), follows.context.verifier);
  if (verdict.ok)
    return {
      anchor,
      note,
      problem,
      text: assertFollows(note, `of ${describeAnchor(anchor)}`, follows),
    };
  const invalid = new FloeError({
    code: "FLOE_CHECKPOINT_INVALID",
    message: `the checkpoint of ${describeAnchor(anchor)} does not count: ${verdict.reason}`,
    hint: `Find out who put it there. After the people who may act in ${follows.environment.name} were changed, remove it by hand or begin another place, and make a checkpoint anew.`,
  });
  return { anchor, note, problem: invalid, text: null };
}

function trustedOf({ environment, context: { manifest } }: Follows): TrustedSigner[] {
  return manifest.identities
    .filter(({ name }) => authorize(name, environment, manifest).granted)
    .map((identity) => identity.trusted);
}

// What stands for the events that were pruned.
async function rangeBefore(
  ledger: Ledger,
  read: ReadEntries,
  linked: LinkedLedger,
  options: CallOptions,
): Promise<CompactRange> {
  if (!read.pruned) return NO_LEAVES;
  const { by_seq: seq } = read.pruned;
  const verified: VerifiedEvent[] = [];
  for await (const stored of ledger.read(seq, seq, options)) verified.push(stored);
  const { range, findings } = pruningOf(read, linked, verified);
  if (!range)
    throw tampered(ledger.environment.name, `event ${seq}: ${findings[0]?.what ?? "unreadable"}`);
  return range;
}

function rootedAt(
  head: Digest | null,
  { events }: LinkedLedger,
  range: CompactRange,
): { readonly size: number; readonly root: Digest } {
  const covered = head === null ? events : reachedFrom(head, events);
  const root = merkleRoot(
    covered.map(({ hash }) => hash),
    range,
  );
  return { size: range.size + covered.length, root };
}

/** The text of a checkpoint that the ledger follows; throws where it does not. */
function assertFollows(note: string, where: string, follows: Follows): string {
  const { environment, chain, linked, range, context } = follows;
  const { events } = linked;
  const verdict = verifyCheckpoint(note, trustedOf(follows), context.verifier);
  if (!verdict.ok || verdict.checkpoint.origin !== chain) {
    const why = verdict.ok ? `it is of the ledger ${verdict.checkpoint.origin}` : verdict.reason;
    throw new FloeError({
      code: "FLOE_CHECKPOINT_INVALID",
      message: `the checkpoint ${where} does not count: ${why}`,
      hint: `Find out who put it there. After the people who may act in ${environment.name} were changed, delete the tag by hand (crane delete, oras manifest delete) and make a checkpoint anew.`,
    });
  }
  const { checkpoint, signedBy } = verdict;
  // What it is about may have been pruned since, under one that came later.
  const isPruned = checkpoint.size < range.size;
  if (!isPruned && rootOf(checkpoint, events, range) !== checkpoint.root)
    throw tampered(
      environment.name,
      `the checkpoint ${where}, which ${signedBy} signed, counts ${checkpoint.size} other events than the ledger has (${range.size + events.length})`,
    );
  return checkpointText(checkpoint);
}

function tampered(environment: string, what: string): FloeError {
  return new FloeError({
    code: "FLOE_LEDGER_TAMPERED",
    message: `the ledger of ${environment}: ${what}`,
    hint: `No checkpoint was made. See floe audit verify --env ${environment}, and restore what was there from a copy that you trust.`,
    details: { environment },
  });
}
