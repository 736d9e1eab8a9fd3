import type { Ledger } from "../../ledger/ledger.ts";
import type { Webhook } from "../../manifest/webhook.ts";
import type { Digest } from "../../model/digest.ts";
import type { CallOptions, Notifier } from "../../ports/index.ts";
import { at, type FloeContext } from "../context.ts";
import {
  type DeliveryState,
  readDeliveryState,
  type Told,
  writeDeliveryState,
} from "./delivery-state.ts";
import { deliveryOf } from "./webhook-body.ts";
import { type Notice, noticeOf } from "./webhook-event.ts";

/** Pauses before further attempts, in milliseconds. */
const PAUSES_MS = [1000, 2000, 4000];

/** Of the whole time, so much is kept for writing down what was delivered. */
const WRITING_MS = 1500;

/** What nobody took for so long is given up. */
const GIVE_UP_MS = 7 * 86_400_000;

/** What became of the webhooks of one environment. */
export interface Delivered {
  readonly environment: string;
  readonly webhook: string;
  /** Events that were taken. */
  readonly delivered: number;
  /** Events that are told later. */
  readonly pending: number;
  /** Why the last of them was not taken; nothing of the address is in it. */
  readonly problem: string | null;
}

/**
 * Notes where each webhook begins, before an operation appends its events: one that is new is told what happens from here on,
 * and a run that is killed right after its commit leaves a note that says so. Never fails: the operation does not wait for it.
 */
export async function prepareDeliveries(
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const { webhooks } = context.manifest;
  if (webhooks.length === 0) return;
  const { name } = ledger.environment;
  const { store } = at(context, ledger.environment);
  try {
    const state = await readDeliveryState(name, store, options);
    const unknown = webhooks.filter(({ id }) => !state.has(id));
    if (unknown.length === 0) return;
    const seq = (await ledger.view(options))?.seq ?? -1;
    const begun = new Map(unknown.map(({ id }) => [id, { seq, delivered: [] }] as const));
    await writeDeliveryState(name, begun, store, options);
  } catch (cause) {
    options.signal.throwIfAborted();
    context.logger.debug(`webhooks of ${name}: ${messageOf(cause)}`);
  }
}

/**
 * Tells all webhooks what they were not told yet of an environment, side by side, for at most `withinMs`. The ledger is the
 * outbox: what was not taken stays there, for the next command or `reconcile`. Never throws.
 */
export async function deliverEvents(
  ledger: Ledger,
  withinMs: number,
  context: FloeContext,
  options: CallOptions,
): Promise<Delivered[]> {
  const { webhooks } = context.manifest;
  if (webhooks.length === 0) return [];
  const { name } = ledger.environment;
  const { store } = at(context, ledger.environment);
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(withinMs)]);
  const sending = AbortSignal.any([
    options.signal,
    AbortSignal.timeout(Math.max(1, withinMs - WRITING_MS)),
  ]);
  try {
    const state = await readDeliveryState(name, store, { signal: limit });
    const due = await readDue(ledger, state, context, { signal: limit });
    const results = await Promise.all(
      webhooks.map(
        async (webhook) => await tell(webhook, due, state, context, { signal: sending }),
      ),
    );
    const told = new Map(results.map(({ webhook, told: one }) => [webhook.id, one]));
    if (results.some(({ changed }) => changed))
      await writeDeliveryState(name, told, store, { signal: limit });
    for (const { webhook, pending, problem } of results)
      if (pending > 0)
        context.logger.warn(
          `${webhook.name}: ${pending} ${pending === 1 ? "event" : "events"} of ${name} not delivered (${problem ?? "no time left"}); the next command or floe platform reconcile tries again`,
        );
    return results.map(({ webhook, delivered, pending, problem }) => ({
      environment: name,
      webhook: webhook.name,
      delivered,
      pending,
      problem,
    }));
  } catch (cause) {
    // What was delivered and not noted is delivered once more.
    context.logger.warn(
      `webhooks of ${name}: ${messageOf(cause)}; floe platform reconcile delivers what is left`,
    );
    return [];
  }
}

interface Due {
  readonly seq: number;
  readonly hash: Digest;
  readonly notice: Notice | null;
}

async function readDue(
  ledger: Ledger,
  state: DeliveryState,
  context: FloeContext,
  options: CallOptions,
): Promise<Due[]> {
  const view = await ledger.view(options);
  if (!view) return [];
  const from = Math.min(
    ...context.manifest.webhooks.map(({ id }) => (state.get(id)?.seq ?? view.seq) + 1),
  );
  if (from > view.seq) return [];
  const where = {
    project: context.manifest.metadata.name,
    repository: at(context, ledger.environment).store.repository,
  };
  const due: Due[] = [];
  for await (const stored of ledger.read(from, view.seq, options))
    due.push({ seq: stored.event.seq, hash: stored.hash, notice: noticeOf(stored, where) });
  return due;
}

async function tell(
  webhook: Webhook,
  due: readonly Due[],
  state: DeliveryState,
  context: FloeContext,
  options: CallOptions,
): Promise<{
  readonly webhook: Webhook;
  readonly told: Told;
  readonly changed: boolean;
  readonly delivered: number;
  readonly pending: number;
  readonly problem: string | null;
}> {
  const last = due.at(-1)?.seq ?? -1;
  const before = state.get(webhook.id) ?? { seq: last, delivered: [] };
  const done = new Set(before.delivered);
  const open: Due[] = [];
  const oldest = context.clock.now().getTime() - GIVE_UP_MS;
  for (const one of due) {
    if (one.seq <= before.seq || done.has(one.hash)) continue;
    const wanted = one.notice !== null && webhook.events.includes(one.notice.event);
    if (!wanted || Date.parse(one.notice?.at ?? "") < oldest) done.add(one.hash);
    else open.push(one);
  }
  let delivered = 0;
  let problem: string | null = webhook.missing;
  for (const { hash, notice } of open) {
    if (notice === null || webhook.missing !== null || options.signal.aborted) break;
    const result = await attempt(webhook, notice, context, options);
    if (result === "delivered") {
      done.add(hash);
      delivered += 1;
      continue;
    }
    problem = result.problem;
    // One that refuses an event may take the next; one that does not answer takes none.
    if (result.retry) break;
  }
  const pending = open.filter(({ hash }) => !done.has(hash));
  const first = pending[0]?.seq;
  const seq = first === undefined ? Math.max(before.seq, last) : first - 1;
  const above = due.filter((one) => one.seq > seq && done.has(one.hash)).map(({ hash }) => hash);
  const changed = seq !== before.seq || delivered > 0;
  return {
    webhook,
    told: { seq, delivered: above },
    changed,
    delivered,
    pending: pending.length,
    problem,
  };
}

async function attempt(
  webhook: Webhook,
  notice: Notice,
  { notifier, clock }: FloeContext,
  options: CallOptions,
): Promise<"delivered" | { readonly retry: boolean; readonly problem: string }> {
  const delivery = deliveryOf(notice, webhook.format);
  let failed = { retry: true, problem: "no time left" };
  for (let count = 0; count <= webhook.retryCount; count++) {
    try {
      if (count > 0)
        await clock.sleep(PAUSES_MS[Math.min(count, PAUSES_MS.length) - 1] ?? 0, options);
      const result = await required(notifier).send(webhook, delivery, options);
      if (result.delivered) return "delivered";
      failed = result;
    } catch (cause) {
      if (options.signal.aborted) return failed;
      failed = { retry: false, problem: messageOf(cause) };
    }
    if (!failed.retry) return failed;
  }
  return failed;
}

function required(notifier: Notifier | null): Notifier {
  if (notifier) return notifier;
  throw new Error("this app was given no notifier");
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
