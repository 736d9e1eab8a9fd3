import { lastSuccess, ledgerProblems } from "./judge.ts";
import { type PlaceOptions, REPOSITORY, type RegistryPlace, registryPlace } from "./place.ts";
import { readStored } from "./stored.ts";

/** What races for the same environment. */
export const VERSIONS = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5.0"];

/** A place on a registry that serialises nothing, with the memory of every ledger event that was ever stored in it. */
export interface RaceTrack extends RegistryPlace {
  /** Digest of each event's manifest when it was stored, by tag. */
  readonly written: Map<string, string>;
}

/** Makes the track: no referrers API, tags in the order of their making, nothing immutable. */
export async function raceTrack(options: Partial<PlaceOptions> = {}): Promise<RaceTrack> {
  const settings = { referrers: false, tagList: "unsorted" as const };
  const place = await registryPlace({ versions: VERSIONS, ...options, settings });
  const written = new Map<string, string>();
  place.onWrite(({ phase, path }) => {
    const tag = path.slice(path.lastIndexOf("/") + 1);
    if (phase === "after" && tag.startsWith("floe-ev."))
      written.set(tag, place.registry.tags(REPOSITORY)[tag] ?? "");
  });
  const save = (): (() => void) => {
    const restore = place.save();
    const before = [...written];
    return () => {
      restore();
      written.clear();
      for (const [tag, digest] of before) written.set(tag, digest);
    };
  };
  return { ...place, written, save };
}

/** Lets requests wait for random times, so that those of several clients meet in ever new orders. */
export function shuffleRequests({ registry }: Pick<RaceTrack, "registry">): void {
  const delays = [
    { share: 0.1, milliseconds: 40 },
    { share: 0.2, milliseconds: 12 },
    { share: 0.4, milliseconds: 4 },
  ];
  for (const { share, milliseconds } of delays) {
    registry.faults.add({
      match: () => Math.random() < share,
      action: { kind: "delay", milliseconds },
      times: Number.MAX_SAFE_INTEGER,
    });
  }
}

/**
 * Judges what a race has left. `promoted` has the versions whose runs said that they are promoted, `status` and
 * `histories` what the commands say of the environment afterwards.
 */
export async function raceProblems(
  track: RaceTrack,
  environment: string,
  said: {
    readonly promoted: readonly string[];
    readonly current: unknown;
    readonly drift: unknown;
    readonly histories: readonly unknown[];
  },
): Promise<string[]> {
  const stored = await readStored(track);
  const events = stored.events[environment] ?? [];
  const problems = ledgerProblems(stored);
  for (const [tag, digest] of track.written)
    if (stored.tags[tag] !== digest)
      problems.push(`${tag} was ${digest} and is ${stored.tags[tag]}`);
  const succeeded = events
    .filter(({ kind, result }) => kind === "outcome" && result === "succeeded")
    .map(({ version }) => String(version))
    .sort();
  if (succeeded.join() !== [...said.promoted].sort().join())
    problems.push(`${succeeded.join()} succeeded, and ${said.promoted.join()} said so`);
  for (const version of VERSIONS) {
    const there = stored.tags[`${version}-${environment}`] !== undefined;
    if (there !== succeeded.includes(version)) problems.push(`${version} is tagged: ${there}`);
  }
  const latest = stored.tags[`latest-${environment}`] ?? null;
  const last = lastSuccess(stored, environment);
  if (latest !== (last === null ? null : stored.tags[last])) problems.push(`latest is not ${last}`);
  if (said.current !== latest) problems.push(`status says ${String(said.current)}`);
  if (said.drift !== null) problems.push(`drift: ${JSON.stringify(said.drift)}`);
  if (new Set(said.histories.map((rows) => JSON.stringify(rows))).size > 1)
    problems.push("two readers see two histories");
  return problems;
}
