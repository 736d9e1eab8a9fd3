import { EXIT, type FloeError, isFloeError } from "../../errors/index.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { CallOptions, TrustedSigner, Verifier } from "../../ports/index.ts";
import { findingOf, RESTORE } from "../ask-store.ts";
import { type LinkedLedger, rootOf } from "../check-links.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { verifyCheckpoint } from "../checkpoint-signature.ts";
import type { CompactRange } from "../compact-range.ts";
import { type AuditFinding, type AuditVerdict, judged, notChecked } from "../verdict.ts";
import type { Anchor } from "./anchor.ts";
import { findLogged } from "./judge-log.ts";
import { describeLog, type LogAnchor } from "./log-anchor.ts";
import { describeAnchor, orError, readAnchors } from "./read-anchors.ts";

/** A checkpoint that somebody kept. */
export interface GivenCheckpoint {
  /** Where it is from, for messages. */
  readonly name: string;
  readonly note: string;
}

/** What one place that keeps checkpoints shows of a ledger. */
export interface AnchorAnswer extends AuditVerdict {
  /** As the manifest calls it; `floe-cp.ENV` for the one beside the ledger; the path of one that was given. */
  readonly name: string;
  /** `registry`: beside the ledger. `given`: handed in. Else as the manifest says it: `file`, `oci`, `s3`. */
  readonly kind: string;
  readonly location: string;
  /** How many events its checkpoint is about; `null`: there is none that counts. */
  readonly size: number | null;
}

/** What is held against checkpoints. */
export interface AnchoringInput {
  readonly environment: EnvironmentConfig;
  /** Name of the ledger; `null`: the environment has none. */
  readonly chain: string | null;
  readonly linked: Pick<LinkedLedger, "events">;
  /** What stands for the events before, which were pruned. */
  readonly range: CompactRange;
  readonly trusted: readonly TrustedSigner[];
  readonly verifier: Verifier;
  /** Handed in by whoever asks. */
  readonly given: readonly GivenCheckpoint[];
  /** Those given may be of other environments; that is no contradiction. */
  readonly givenMayBeOthers: boolean;
  /** What is under `floe-cp.ENV` beside the ledger; `null`: nothing. */
  readonly beside: string | null;
  /** Whether the ledger is in the registry, so that who can change one can change the other. */
  readonly inRegistry: boolean;
  readonly anchors: readonly Anchor[];
  /** `null`: the manifest names none. */
  readonly log: LogAnchor | null;
}

/** A place, and what it keeps. */
interface Place {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  /** What messages call it. */
  readonly label: string;
  readonly note: string | null;
  readonly problem: FloeError | null;
  /** What the place itself has noticed that is not as it was written. */
  readonly tampering: readonly AuditFinding[];
  readonly notes: readonly string[];
}

/** Holds a ledger against every checkpoint that there is: each place answers for itself, and all of them together. */
export async function judgeAnchors(
  input: AnchoringInput,
  options: CallOptions,
): Promise<{ readonly verdict: AuditVerdict; readonly anchors: readonly AnchorAnswer[] }> {
  const configured = await readPlaces(input, options);
  const places = [...givenPlaces(input), ...besidePlace(input), ...configured];
  const signed = new Map<Place, Signed>();
  for (const place of places) {
    const { note } = place;
    if (note !== null) signed.set(place, judgeNote(note, place.label, input));
  }
  const answers: { readonly place: Place; readonly answer: AnchorAnswer }[] = [];
  for (const place of places) {
    const found = signed.get(place);
    if (found?.ok === false && found.isOthers) continue;
    const { name, kind, location } = place;
    const verdict = judgePlace(place, found, [...signed.values()], input);
    const size = found?.ok === true ? found.checkpoint.size : null;
    answers.push({ place, answer: { ...{ name, kind, location, size }, ...verdict } });
  }
  const log = input.log && (await judgeLog(input.log, signed, input, options));
  if (log) {
    configured.push(log.place);
    answers.push(log);
  }
  return {
    anchors: answers.map(({ answer }) => answer),
    verdict: conclude(answers, new Set(configured), input),
  };
}

// What a log shows is with the checkpoints that are at hand, wherever they are.
async function judgeLog(
  log: LogAnchor,
  signed: ReadonlyMap<Place, Signed>,
  input: AnchoringInput,
  options: CallOptions,
): Promise<{ readonly place: Place; readonly answer: AnchorAnswer }> {
  const candidates = [...signed].flatMap(([{ note }, found]) =>
    found.ok && note !== null ? [{ ...found, note, size: found.checkpoint.size }] : [],
  );
  const logged = await findLogged(candidates, log, input, options);
  const label = describeLog(log);
  const about = { name: log.name, kind: "rekor", location: log.url };
  const place = { ...about, label, note: null, problem: null, tampering: [], notes: [] };
  if (logged.found === null) {
    const { reason, isForged } = logged;
    const verdict = isForged ? judged([forged(label, reason)], "") : notChecked(reason);
    return { place, answer: { ...about, size: null, ...verdict } };
  }
  const { found, time } = logged;
  const { size } = found;
  const since = time === null ? "" : ` since ${time.toISOString()}`;
  const where = `${label}, which has had it${since}`;
  const verdict =
    size < input.range.size
      ? notChecked(prunedSince(found.checkpoint))
      : found.agrees
        ? judged([], `${size} of ${countOf(input)} events, as ${found.signedBy} signed (${where})`)
        : judged([disagreement(found, where, [...signed.values()], input)], "");
  return { place, answer: { ...about, size, ...verdict } };
}

function forged(label: string, reason: string): AuditFinding {
  return {
    ...{ seq: null, hash: null, code: "FLOE_CHECKPOINT_INVALID" },
    what: `a checkpoint says that it is in ${label}, and that is not proven: ${reason}`,
    fix: "Find out who put it there, and make a checkpoint anew. Where the log is of another sigstore instance, set artifacts.verification.trust_root.",
  };
}

function givenPlaces({ given }: AnchoringInput): Place[] {
  return given.map(({ name, note }) => ({
    ...{ name, kind: "given", location: name, label: name, note },
    ...{ problem: null, tampering: [], notes: [] },
  }));
}

function besidePlace({ beside, environment, chain }: AnchoringInput): Place[] {
  if (chain === null && beside === null) return [];
  const name = `floe-cp.${environment.name}`;
  const location = environment.registry.uriAsWritten;
  return [
    {
      ...{ name, kind: "registry", location, label: `the tag ${name}`, note: beside },
      ...{ problem: null, tampering: [], notes: [] },
    },
  ];
}

async function readPlaces(
  { anchors, environment }: AnchoringInput,
  options: CallOptions,
): Promise<Place[]> {
  const read = await readAnchors(anchors, environment, options);
  return await Promise.all(
    read.map(async ({ anchor, note, problem }) => {
      const seen = problem ? [] : await orError(() => anchor.findings(environment, options));
      const { name, kind, location } = anchor;
      const label = describeAnchor(anchor);
      const found = isFloeError(seen) ? [] : seen;
      const failed = isFloeError(seen) ? seen : null;
      return {
        ...{ name, kind, location, label, note, problem: problem ?? failed },
        tampering: found
          .filter(({ tampering }) => tampering)
          .map(({ message }) => ({
            ...{ seq: null, hash: null, code: "FLOE_CHECKPOINT_INVALID" as const },
            what: `${label}: ${message}`,
            fix: "Find out who did that, and compare with the other anchors and with a copy that you trust.",
          })),
        notes: found.filter(({ tampering }) => !tampering).map(({ message }) => message),
      };
    }),
  );
}

type Signed =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      readonly signedBy: string;
      readonly agrees: boolean;
    }
  | { readonly ok: false; readonly isOthers: boolean; readonly finding: AuditFinding };

function judgeNote(note: string, label: string, input: AnchoringInput): Signed {
  const { chain, linked, range, trusted, verifier, given } = input;
  const verdict = verifyCheckpoint(note, trusted, verifier);
  const invalid = { seq: null, hash: null, code: "FLOE_CHECKPOINT_INVALID" as const };
  if (!verdict.ok)
    return {
      ...{ ok: false, isOthers: false },
      finding: {
        ...invalid,
        what: `the checkpoint of ${label}: ${verdict.reason}`,
        fix: "Find out who put it there; take one that you kept.",
      },
    };
  const { checkpoint, signedBy } = verdict;
  if (checkpoint.origin !== chain)
    return {
      ok: false,
      isOthers: input.givenMayBeOthers && given.some((one) => one.name === label),
      finding: {
        ...invalid,
        what:
          chain === null
            ? `there is no ledger, and the checkpoint of ${label} is of ${checkpoint.size} events of ${checkpoint.origin}`
            : `the checkpoint of ${label} is of the ledger ${checkpoint.origin}, and this one is ${chain}`,
        fix: "The ledger was replaced by another one or taken away, or it is the wrong checkpoint.",
      },
    };
  const agrees = rootOf(checkpoint, linked.events, range) === checkpoint.root;
  return { ok: true, checkpoint, signedBy, agrees };
}

function judgePlace(
  { label, note, problem, tampering, notes }: Place,
  found: Signed | undefined,
  all: readonly Signed[],
  input: AnchoringInput,
): AuditVerdict {
  const { range } = input;
  const isPruned = found?.ok === true && found.checkpoint.size < range.size;
  const findings = [...tampering];
  if (problem?.exitCode === EXIT.integrity) findings.push(findingOf(problem));
  if (found?.ok === false) findings.push(found.finding);
  if (found?.ok === true && !found.agrees && !isPruned)
    findings.push(disagreement(found, label, all, input));
  if (findings.length > 0) return judged(findings, "", notes);
  if (problem) return { ...notChecked(`it cannot be read: ${problem.message}`), notes };
  if (note === null || found?.ok !== true)
    return { ...notChecked("it holds no checkpoint: floe audit checkpoint puts one there"), notes };
  const { checkpoint, signedBy } = found;
  if (isPruned) return { ...notChecked(prunedSince(checkpoint)), notes };
  const summary = `${checkpoint.size} of ${countOf(input)} events, as ${signedBy} signed (${label})`;
  return judged([], summary, notes);
}

// The first bad event: the first that is gone, or the first behind what other checkpoints agree with.
function disagreement(
  { checkpoint, signedBy }: Signed & { readonly ok: true },
  label: string,
  all: readonly Signed[],
  input: AnchoringInput,
): AuditFinding {
  const count = countOf(input);
  const { size, head } = checkpoint;
  const finding = { hash: null, code: "FLOE_LEDGER_TAMPERED" as const, fix: RESTORE };
  if (rootOf(checkpoint, input.linked.events, input.range) === null && size > count)
    return {
      ...finding,
      seq: count,
      what: `it is gone: the checkpoint of ${label} counts ${size} events, and there are ${count}`,
    };
  const agreed = all.flatMap((one) =>
    one.ok && one.agrees && one.checkpoint.head === null && one.checkpoint.size < size
      ? [one.checkpoint.size]
      : [],
  );
  const first = Math.max(0, ...agreed);
  const which = first === 0 ? `the first ${size} events` : `events ${first} to ${size - 1}`;
  return {
    ...finding,
    seq: head === null && first > 0 ? first : null,
    what: `${which} are not those that ${signedBy} signed a checkpoint of (${label})`,
  };
}

function conclude(
  answers: readonly { readonly place: Place; readonly answer: AnchorAnswer }[],
  configured: ReadonlySet<Place>,
  { inRegistry, environment, anchors }: AnchoringInput,
): AuditVerdict {
  const findings = answers.flatMap(({ answer }) => answer.findings);
  const well = answers.filter(({ answer }) => answer.verdict === "ok");
  const covered = well.map(({ answer }) => answer.summary).join("; ");
  const weaknesses = answers.flatMap(({ place, answer }) =>
    answer.notes.map((note) => `${place.label}: ${note}`),
  );
  if (findings.length > 0) return judged(findings, "", weaknesses);
  const unchecked = answers.filter(
    ({ place, answer }) => configured.has(place) && answer.verdict === "not_checked",
  );
  if (unchecked.length > 0) {
    const missing = unchecked.map(({ place, answer }) => `${place.label}: ${answer.summary}`);
    const rest = covered === "" ? "" : `; what was looked at agrees: ${covered}`;
    return { ...notChecked(`${missing.join("; ")}${rest}`), notes: weaknesses };
  }
  const [older] = answers.filter(({ answer }) => answer.size !== null);
  if (well.length === 0 && older)
    return notChecked(`${older.place.label}: ${older.answer.summary}`);
  if (well.length === 0)
    return notChecked(
      "no checkpoint: cutting off the newest events, or writing all anew, would not show. Make one: floe audit checkpoint",
    );
  const host = hostOf(environment.registry.uri);
  const apart = well.some(({ place }) => {
    // When it was logged says nothing about which checkpoint is the newest.
    if (place.kind === "rekor") return false;
    if (place.kind === "registry") return !inRegistry;
    const anchor = anchors.find(({ name }) => configured.has(place) && name === place.name);
    return !(inRegistry && anchor?.kind === "oci" && hostOf(anchor.location) === host);
  });
  const near =
    "the checkpoint lies in the same registry as the ledger: it shows nothing against the registry's owner. Keep one elsewhere: floe audit checkpoint --out FILE, or audit.anchors in the manifest";
  return judged([], covered, apart ? weaknesses : [...weaknesses, near]);
}

function countOf({ linked, range }: AnchoringInput): number {
  return range.size + linked.events.length;
}

function prunedSince({ size }: Checkpoint): string {
  return `its checkpoint counts ${size} events, which were pruned: hold it against the archive`;
}

/** The host of `oci://host[:port]/repo`; a folder has none that two could share. */
function hostOf(uri: string): string {
  return /^[a-z]+:\/\/([^/]+)/i.exec(uri)?.[1]?.toLowerCase() ?? uri;
}
