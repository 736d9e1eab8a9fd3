import type { CrashPoint } from "@floe/testing";
import type { Run } from "../bed/floe.ts";
import type { Place } from "./place.ts";
import { chainProblems, countTags, outcomeProblems, plainTags, type Stored } from "./stored.ts";

/** Names a moment, and what follows it, in a failed test. */
export function at(point: CrashPoint, then: string): string {
  return `killed ${point.phase} write ${point.at}, then ${then}`;
}

/** Runs floe and expects success. @throws {Error} another exit code than 0 */
export async function done(place: Place, ...args: string[]): Promise<Run> {
  const run = await place.run(...args);
  if (run.code === 0) return run;
  throw new Error(`floe ${args.join(" ")}: ${described(run)}`);
}

/** A run's exit code and what it said. */
export function described(run: Run): string {
  return `exit code ${run.code}\n${run.stdout}${run.stderr}`;
}

/** In what an end state differs from that of an uninterrupted run of an operation in an environment. */
export function differences(
  end: Stored,
  clean: Stored,
  wanted: { readonly environment: string; readonly version: string },
): string[] {
  const problems: string[] = [];
  const [have, want] = [plainTags(end), plainTags(clean)];
  for (const tag of new Set([...Object.keys(have), ...Object.keys(want)])) {
    if (have[tag] !== want[tag])
      problems.push(`${tag} is ${have[tag] ?? "absent"} instead of ${want[tag] ?? "absent"}`);
  }
  for (const prefix of ["floe-rec.", "floe-vsa."]) {
    const [have, want] = [countTags(end, prefix), countTags(clean, prefix)];
    if (have !== want) problems.push(`there are ${have} tags ${prefix}* instead of ${want}`);
  }
  for (const kind of ["records", "summaries"] as const)
    for (const [version, attached] of Object.entries(clean[kind])) {
      const there = end[kind][version] ?? [];
      if (there.length !== attached.length)
        problems.push(`${version} has ${there.length} ${kind} instead of ${attached.length}`);
    }
  const count = (stored: Stored, kind: string): number =>
    (stored.events[wanted.environment] ?? []).filter(
      (event) => event.kind === kind && event.version === wanted.version,
    ).length;
  for (const kind of ["intent", "outcome"]) {
    if (count(end, kind) !== count(clean, kind))
      problems.push(`${count(end, kind)} ${kind}s instead of ${count(clean, kind)}`);
  }
  return [...problems, ...ledgerProblems(end)];
}

/** What is wrong with the ledgers of an end state, whatever led to it. */
export function ledgerProblems({ events }: Stored): string[] {
  return Object.values(events).flatMap((chain) => [
    ...chainProblems(chain),
    ...outcomeProblems(chain),
  ]);
}

/** The newest outcome that succeeded in an environment, by the order of its ledger. */
export function lastSuccess(stored: Stored, environment: string): string | null {
  const outcomes = (stored.events[environment] ?? []).filter(
    ({ kind, result }) => kind === "outcome" && result === "succeeded",
  );
  return outcomes.at(-1)?.version ?? null;
}
