import type { AuditBackend, AuditCallOptions, AuditProbe } from "../contract/index.ts";

/** How hard a store is raced. */
export interface ProbeOptions extends AuditCallOptions {
  /** Name of a chain that nobody else uses; what is written there stays where the store cannot prune. */
  readonly chain: string;
  /** Slots that are raced for. Default 12. */
  readonly rounds?: number;
  /** Claims at a time. Default 16. */
  readonly writers?: number;
}

/**
 * Races `claim` on a scratch chain and believes what it sees: a store that lets two win a slot, forgets a winner, hands back
 * other bytes or lets a slot be skipped is `advisory` at best, whatever it says about itself. What the backend's own probe
 * says is taken over where it says less.
 *
 * @param backends - One or more openings of the same store. Several catch what one connection hides.
 */
export async function probeBackend(
  backends: readonly [AuditBackend, ...AuditBackend[]],
  options: ProbeOptions,
): Promise<AuditProbe> {
  const [first] = backends;
  const { chain, rounds = 12, writers = 16, signal } = options;
  const call = { signal };
  const findings: string[] = [];
  const own = await first.probe?.(call);
  findings.push(...(own?.findings ?? []));
  // A store that does not answer is not weak; the caller has to know the difference.
  await first.head(chain, call);
  let last = -1;
  for (let seq = 0; seq < rounds && findings.length < 8; seq += 1) {
    signal.throwIfAborted();
    const problem = await raceFor(seq, backends, chain, writers, call);
    if (problem !== null) findings.push(problem);
    last = seq;
  }
  if (last >= 0) {
    const skipped = await settle(first.claim(chain, last + 2, bytesOf(last + 2, 0), call));
    if (skipped?.status === "claimed")
      findings.push(`slot ${last + 2} could be claimed while slot ${last + 1} was empty`);
    if (first.prune) await settle(first.prune(chain, last - 1, call));
  }
  const claimed = own?.capabilities ?? first.capabilities();
  const weak = findings.length > (own?.findings.length ?? 0);
  return { capabilities: weak ? { ...claimed, serialises: "advisory" } : claimed, findings };
}

async function raceFor(
  seq: number,
  backends: readonly AuditBackend[],
  chain: string,
  writers: number,
  call: AuditCallOptions,
): Promise<string | null> {
  const mine = Array.from({ length: writers }, (_, writer) => bytesOf(seq, writer));
  const settled = await Promise.allSettled(
    mine.map((bytes, writer) =>
      (backends[writer % backends.length] as AuditBackend).claim(chain, seq, bytes, call),
    ),
  );
  // A store that takes nothing from anybody is not weak either: it says why.
  const [first] = settled;
  if (first?.status === "rejected" && settled.every(({ status }) => status === "rejected"))
    throw first.reason;
  const answers = settled.map((one) => (one.status === "fulfilled" ? one.value : null));
  const winners = mine.filter((_, writer) => answers[writer]?.status === "claimed");
  if (winners.length > 1) return `${winners.length} of ${writers} writers won slot ${seq}`;
  const stored: Uint8Array[] = [];
  for (const backend of new Set(backends))
    for await (const entry of backend.read(chain, seq, seq, call)) stored.push(entry.bytes);
  // Whoever got no answer may have won as well: then what is stored says who.
  const winner = winners[0] ?? mine.find((bytes) => stored[0] && same(bytes, stored[0]));
  if (!winner) return `nobody of ${writers} writers won slot ${seq}`;
  if (stored.length !== new Set(backends).size || !stored.every((bytes) => same(bytes, winner)))
    return `slot ${seq} does not hold what its winner wrote`;
  const told = answers.find((answer) => answer?.status === "taken" && !same(answer.bytes, winner));
  return told ? `losers of slot ${seq} were shown other bytes than the winner's` : null;
}

// A claim that fails has stored nothing that counts here: what the probe looks for is more than one success.
async function settle<Value>(promise: Promise<Value>): Promise<Value | null> {
  return await promise.catch(() => null);
}

function bytesOf(seq: number, writer: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ floe: "probe", seq, writer }));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
