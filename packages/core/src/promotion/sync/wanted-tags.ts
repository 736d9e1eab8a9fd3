import type { EventBody, LedgerEvent } from "../../ledger/event.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Digest } from "../../model/digest.ts";
import { environmentTag, rollbackTag } from "../../model/tag.ts";
import type { CallOptions } from "../../ports/index.ts";

/** What an environment's ledger says that every copy of its repository has to hold. */
export interface WantedTags {
  /** Environment and rollback tags: they never move. */
  readonly immutable: ReadonlyMap<string, Digest>;
  /** What `latest-ENV` holds; `null`: nothing was ever brought there. */
  readonly latest: Digest | null;
}

/** The tags of what an environment runs now: enough after an operation. */
export function tagsOfCurrent(
  environment: string,
  view: LedgerView | null,
  written: readonly { readonly tag: string; readonly digest: Digest }[],
): WantedTags {
  const current = view?.state.current ?? null;
  const immutable = new Map(written.map(({ tag, digest }) => [tag, digest]));
  if (current) immutable.set(environmentTag(current.version, environment), current.digest);
  return { immutable, latest: current?.digest ?? null };
}

/**
 * The tags of everything that was ever brought to an environment, by the events that count. The repository's own tags are not
 * asked: one that was moved without floe must not be spread.
 */
export async function tagsOfLedger(
  ledger: Ledger,
  view: LedgerView | null,
  options: CallOptions,
): Promise<WantedTags> {
  const immutable = new Map<string, Digest>();
  const { name } = ledger.environment;
  for await (const { event, authorized } of ledger.readBack(options)) {
    if (!authorized) continue;
    for (const [tag, digest] of tagsOfEvent(event, name))
      if (!immutable.has(tag)) immutable.set(tag, digest);
  }
  return { immutable, latest: view?.state.current?.digest ?? null };
}

function tagsOfEvent(event: LedgerEvent, environment: string): (readonly [string, Digest])[] {
  if (event.kind !== "adopt" && event.kind !== "outcome") return [];
  const { version, digest } = event.body;
  const own = [environmentTag(version, environment), digest] as const;
  if (event.kind === "adopt") return [own];
  const { result, rollback }: EventBody<"outcome"> = event.body;
  if (result !== "succeeded") return [];
  return rollback ? [own, [rollbackTag(version, environment, rollback.count), digest]] : [own];
}
