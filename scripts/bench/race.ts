/** Something to be measured. */
export interface Contender {
  readonly name: string;
  /** What it is compared with: a peer's rows are what floe's rows are divided by. */
  readonly side: "floe" | "peer";
  /** Makes what a round needs; not measured. */
  readonly prepare?: (round: number) => void;
  /** A promise where the registry that it talks to is in this process, which must not be blocked. */
  readonly run: (round: number) => unknown;
}

/** What was measured of a contender. */
export interface Measured {
  readonly name: string;
  readonly side: Contender["side"];
  /** One for each round, ascending, in milliseconds. */
  readonly times: readonly number[];
  /** Requests to the registry in the median round; `null` where none is counted. */
  readonly requests: number | null;
}

/** How a race is run. */
export interface RaceOptions {
  readonly rounds: number;
  /** How many requests the registry has answered so far. */
  readonly requests?: () => number;
}

/**
 * Runs the contenders in turn, so that whatever else the machine does meets all of them, and each round begins with
 * another one. A round before the first is not counted: it fills the caches of the system.
 */
export async function race(
  contenders: readonly Contender[],
  options: RaceOptions,
): Promise<Measured[]> {
  const samples = contenders.map(() => ({ times: [] as number[], requests: [] as number[] }));
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const offset of contenders.keys()) {
      const index = (round + offset) % contenders.length;
      const contender = contenders[index];
      const sample = samples[index];
      if (!contender || !sample) continue;
      contender.prepare?.(round);
      const before = options.requests?.() ?? 0;
      const started = performance.now();
      await contender.run(round);
      const time = performance.now() - started;
      if (round === 0) continue;
      sample.times.push(time);
      if (options.requests) sample.requests.push(options.requests() - before);
    }
  }
  return contenders.map(({ name, side }, index) => {
    const { times = [], requests = [] } = samples[index] ?? {};
    const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
    return {
      name,
      side,
      times: ascending(times),
      requests: requests.length === 0 ? null : median(ascending(requests)),
    };
  });
}

/** The middle one of ascending numbers, the lower one of two; 0 of none. */
export function median(ascending: readonly number[]): number {
  return ascending[(ascending.length - 1) >> 1] ?? 0;
}
