import { FloeError, isFloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { operatorTrust } from "../model/identity.ts";
import { latestTag, recordTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { outcomeDraft } from "./drafts.ts";
import type { OpenIntent } from "./open-intent.ts";
import { afterCommit, notAppended } from "./operation-errors.ts";
import { readOwnRecord, type VerifiedRecord } from "./read-record.ts";
import { summarySigners } from "./read-summary.ts";
import { readArtifact } from "./resolve-artifact.ts";
import { takeOver } from "./take-over.ts";
import { unmetGates } from "./unmet-gates.ts";
import { writeSummary } from "./write-summary.ts";

/** What became of an abandoned operation. */
export interface Recovered {
  readonly environment: string;
  readonly operation: string;
  readonly action: "promote" | "rollback";
  readonly version: string;
  readonly digest: OpenIntent["body"]["digest"];
  readonly result: "succeeded" | "aborted";
  readonly record: VerifiedRecord | null;
  readonly tags: readonly { readonly tag: string; readonly digest: OpenIntent["body"]["digest"] }[];
  readonly at: string;
}

/**
 * Finishes an abandoned operation: rolled forward when its commit point was reached, closed as aborted otherwise.
 * The operation is taken over first, so that nobody acts on what was true a moment ago: its holder may have finished it
 * and be gone. `null`: somebody else finishes it, or has.
 * @throws {FloeError} FLOE_RECORD_INVALID - committed without a valid record: somebody wrote the tag by hand
 */
export async function recover(
  open: OpenIntent,
  ledger: Ledger,
  context: FloeContext,
  who: { readonly traceId: string; readonly resolvedBy: "resume" | "reconcile" },
  options: CallOptions,
): Promise<Recovered | null> {
  const { operation, body } = open;
  const environment = ledger.environment.name;
  const taken = await takeOver(open, who, ledger, context, options).catch((cause: unknown) => {
    if (options.signal.aborted || (isFloeError(cause) && cause.exitCode === 18)) throw cause;
    throw open.committed
      ? afterCommit({ ...body, operation, environment }, cause)
      : notAppended("takeover", environment, cause, options);
  });
  if (!taken.taken) return null;
  const ours = { ...open, ownerSeq: taken.event.event.seq };
  return await finish(ours, ledger, context, who, options);
}

async function finish(
  open: OpenIntent,
  ledger: Ledger,
  context: FloeContext,
  who: { readonly traceId: string; readonly resolvedBy: "resume" | "reconcile" },
  options: CallOptions,
): Promise<Recovered> {
  const { body, event } = open;
  const base = {
    environment: ledger.environment.name,
    operation: open.operation,
    action: body.action,
    version: body.version,
    digest: body.digest,
  };
  const intent = { hash: event.hash, actor: event.event.actor, body };
  const stillOpen = { operation: open.operation, traceId: who.traceId };
  if (!open.committed) {
    const reason = `found unfinished before its commit point; its holder is gone (lease until ${open.leaseEnds.toISOString()})`;
    const draft = outcomeDraft(stillOpen, intent, {
      result: "aborted",
      record: null,
      tags: await tagsLeft(body, context, options),
      resolvedBy: who.resolvedBy,
      reason,
    });
    const at = await appendOnce(open, ledger, draft, context, options);
    return { ...base, result: "aborted", record: null, tags: [], at };
  }
  const tag = recordTag(open.operation);
  const record = await readOwnRecord(
    tag,
    body.digest,
    operatorTrust(event.event.actor, context.manifest),
    {
      action: body.action,
      operation: open.operation,
      environment: body.target,
      intent: event.hash,
    },
    context,
    options,
  );
  if (!record) {
    throw new FloeError({
      code: "FLOE_RECORD_INVALID",
      message: `${body.tag} is set, but the ${body.action} ${open.operation} left no record`,
      hint: "floe writes the record before the tag, so somebody set the tag by hand. Find out who before you go on.",
    });
  }
  const { manifest: artifact } = await readArtifact(context.store, body, options);
  const input = { bytes: artifact.bytes, mediaType: artifact.descriptor.mediaType };
  const latest = latestTag(body.target);
  const created = await context.store.createTag(body.tag, input, options);
  if (created.status === "taken") {
    throw new FloeError({
      code: "FLOE_LEDGER_DRIFT",
      message: `${body.tag} holds ${created.digest}, but the ${body.action} that was interrupted sets it to ${body.digest}`,
      hint: "Somebody wrote the tag without floe. Find out who, and delete it where the registry allows that; then run this again.",
    });
  }
  const tags = [
    { tag: body.tag, digest: body.digest },
    { tag: latest, digest: body.digest },
  ];
  const ending = {
    result: "succeeded" as const,
    record: { digest: record.digest, tag },
    tags,
    // When exactly is not known any more; later than it was is on the safe side for whatever counts from it.
    committedAt: context.store.now(),
    policy: record.policy?.digest,
    unmetGates: unmetGates(record.predicate["gate_results"]),
    resolvedBy: who.resolvedBy,
    secondaries: context.manifest.secondaries,
  };
  const summary = {
    operation: open.operation,
    environment: body.target,
    digest: body.digest,
    artifact: artifact.descriptor,
    policyDigest: body.policy_digest,
    record: { digest: record.digest, bundle: record.bundle },
    recordManifest: {
      bytes: record.manifest.bytes,
      mediaType: record.manifest.descriptor.mediaType,
    },
    policy: record.policy,
    signatureVerified: record.predicate["signature_verified"] === true,
    signers: summarySigners(ledger.environment, context.manifest, [event.event.actor]),
    first: false,
  };
  try {
    if (body.action === "promote") await writeSummary(summary, context, options);
    else await context.store.attach(summary.recordManifest, { ...options, tag });
    await context.store.moveTag(latest, input, options);
    const draft = outcomeDraft(stillOpen, intent, ending);
    const at = await appendOnce(open, ledger, draft, context, options);
    return { ...base, result: "succeeded", record, tags, at };
  } catch (cause) {
    if (options.signal.aborted || (isFloeError(cause) && cause.exitCode === 18)) throw cause;
    throw afterCommit(base, cause);
  }
}

// A rollback's tag is written before its commit point and never taken back.
async function tagsLeft(
  body: OpenIntent["body"],
  context: FloeContext,
  options: CallOptions,
): Promise<Recovered["tags"]> {
  if (body.action !== "rollback") return [];
  const left = await context.store.resolve(body.tag, options);
  return left?.digest === body.digest ? [{ tag: body.tag, digest: body.digest }] : [];
}

async function appendOnce(
  open: OpenIntent,
  ledger: Ledger,
  draft: ReturnType<typeof outcomeDraft>,
  context: FloeContext,
  options: CallOptions,
): Promise<string> {
  const appended = await ledger.append((view) => {
    const there = view.state.open_intents.find(
      (candidate) => candidate.operation === open.operation,
    );
    // Gone, or taken over by somebody who is finishing it: either way it is theirs.
    return there?.owner_seq === open.ownerSeq ? draft : null;
  }, options);
  return appended?.event.at ?? context.store.now().toISOString();
}
