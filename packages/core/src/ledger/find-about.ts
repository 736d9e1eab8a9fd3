import type { CallOptions } from "../ports/index.ts";
import type { LedgerEvent } from "./event.ts";
import type { Genesis } from "./genesis.ts";
import type { SharingBackend } from "./oci-backend.ts";
import type { ViewReader } from "./read-view.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** Label of events that say of others that they do not count. */
const DISREGARDS = "disregards";

/** What an event may be looked for by in a store that keeps an index. */
export function labelsOf({ body, disregards = [] }: LedgerEvent): string[] {
  const { digest } = body as { readonly digest?: unknown };
  return [
    ...(typeof digest === "string" ? [digest] : []),
    ...(disregards.length > 0 ? [DISREGARDS] : []),
  ];
}

/** The ledger that {@link readAbout} looks into. */
interface Searched {
  readonly chain: string;
  readonly genesis: Genesis;
  readonly audit: SharingBackend;
  readonly reader: Pick<ViewReader, "check">;
  readBack(options: CallOptions): AsyncIterable<VerifiedEvent>;
}

/**
 * Reads at least the events about a digest, newest first, and judges them as reading back from the newest does: by the index
 * of the store, where it has one and nothing else has a say in whether these events count.
 */
export async function* readAbout(
  digest: string,
  ledger: Searched,
  options: CallOptions,
): AsyncGenerator<VerifiedEvent> {
  const found = await findAbout(digest, ledger, options);
  yield* found ?? ledger.readBack(options);
}

async function findAbout(
  digest: string,
  { chain, genesis, audit, reader }: Searched,
  options: CallOptions,
): Promise<VerifiedEvent[] | null> {
  // What a moved ledger had before is in other places.
  if (!audit.find || genesis.first > 0) return null;
  const head = await audit.head(chain, { ...options, counted: false });
  const [newest, ...rivals] = head?.entries ?? [];
  if (!head || !newest || rivals.length > 0) return null;
  const top = await reader.check(genesis, newest, options);
  // The newest event vouches for all before it, but for those that some event disregards.
  if (!top.vouches || top.event.kind === "genesis" || top.event.state.pruned) return null;
  const disregarding = await audit.find(chain, DISREGARDS, options);
  const slots = await audit.find(chain, digest, options);
  if (!slots || disregarding?.length !== 0) return null;
  const found: VerifiedEvent[] = [];
  for (const slot of slots)
    for await (const entry of audit.read(chain, slot, slot, options)) {
      const stored = await reader.check(genesis, entry, options);
      found.push(slot === head.seq ? stored : { ...stored, authorized: true, vouches: true });
    }
  return found;
}
