import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { arrivalAt } from "../../promotion/find-arrival.ts";
import type { Ledgers } from "../../promotion/ledgers.ts";
import type { LiveDigests } from "./choose-kept.ts";

/** The artifacts that environments run, are about to run, or go back to by default, and in words which. */
export async function liveDigests(
  { manifest }: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<LiveDigests> {
  const live = new Map<LiveDigests extends ReadonlyMap<infer Key, string> ? Key : never, string>();
  for (const environment of manifest.environments) {
    const { name } = environment;
    const ledger = ledgers.of(environment);
    const view = await ledger.view(options);
    if (!view) continue;
    const { current, open_intents: open } = view.state;
    for (const { digest } of open) live.set(digest, `it is being brought to ${name}`);
    const before = current?.previous_seq ?? null;
    const previous = before === null ? null : await arrivalAt(ledger, before, options);
    if (previous)
      live.set(previous.digest, `a rollback of ${name} goes back to ${previous.version}`);
    if (current) live.set(current.digest, `${current.version} runs in ${name}`);
  }
  return live;
}
