import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Run } from "../bed/floe.ts";
import { described, done, ledgerProblems } from "./judge.ts";
import { folderPlace, type Place, registryPlace } from "./place.ts";
import { readStored } from "./stored.ts";

// `pnpm soak` sets both; here it is a short one with a seed of its own, which a failure names.
const KILLS = Number(process.env["FLOE_SOAK_KILLS"] ?? 3);
const SEED = Number(process.env["FLOE_SOAK_SEED"] ?? randomInt(2 ** 31));

const VERSIONS = Array.from({ length: 12 }, (_, index) => `v1.${index}.0`);
const RUN = { timeout: 60_000 + KILLS * 20_000, concurrent: false };

/** A command, and the exit codes with which the same command may end after it was killed at any moment. */
interface Step {
  readonly args: readonly string[];
  readonly after: readonly number[];
}

describe(`random kills, seed ${SEED}`, RUN, () => {
  test.each([
    ["in a folder", folderPlace],
    ["in a registry", registryPlace],
  ] as const)("%s: the same command sets everything right, every time", async (_, make) => {
    await using place: Place = await make({ versions: VERSIONS });
    const random = mulberry32(SEED);
    const pick = <Item>(items: readonly Item[]): Item =>
      items[Math.floor(random() * items.length)] as Item;
    const [first = "", second = ""] = VERSIONS;
    for (const version of [first, second])
      for (const env of ["dev", "staging"]) await done(place, "promote", version, "--to", env);
    const problems: string[] = [];
    let killed = 0;
    for (let round = 0; killed < KILLS && problems.length === 0; round += 1) {
      const step = nextStep(pick, random);
      const longest = LONGEST_MS[step.args[1] ?? ""] ?? LONGEST_MS["promote"] ?? 0;
      const delayMs = Math.floor(random() * longest);
      const run = await killedAfter(place, delayMs, step.args);
      // What was over before is no kill, and has to have come to one of the answers.
      if (run.code === null) killed += 1;
      const again = await place.run(...step.args);
      const where = `kill ${killed}, ${step.args.join(" ")} after ${delayMs} ms`;
      if (!step.after.includes(again.code ?? -1)) problems.push(`${where}: ${described(again)}`);
      problems.push(...(await wrongIn(place)).map((problem) => `${where}: ${problem}`));
      if (round > KILLS * 4) throw new Error(`only ${killed} of ${round} runs could be killed`);
    }
    expect(problems).toEqual([]);
    expect(killed).toBe(KILLS);
  });
});

/** About as long as each takes, in milliseconds: later there is nothing to kill. */
const LONGEST_MS: Readonly<Record<string, number>> = {
  promote: 900,
  lock: 500,
  unlock: 500,
  quarantine: 600,
  unquarantine: 600,
};

function nextStep(pick: <Item>(items: readonly Item[]) => Item, random: () => number): Step {
  const env = pick(["dev", "staging"]);
  const version = pick(VERSIONS);
  const why = ["--reason", "a soak"];
  // Another run may have left it locked, held, or there already; what counts is that nothing is half done.
  const refused = [0, 10, 11, 13];
  const kind = random();
  if (kind < 0.55) {
    const to = kind < 0.35 ? "dev" : "staging";
    return { args: ["promote", version, "--to", to], after: refused };
  }
  if (kind < 0.7) return { args: ["rollback", "--env", env, ...why], after: [0, 11, 13] };
  if (kind < 0.78) return { args: ["platform", "lock", "--env", env, ...why], after: [0] };
  if (kind < 0.92) return { args: ["platform", "unlock", "--env", env, ...why], after: [0] };
  const hold = kind < 0.95 ? "quarantine" : "unquarantine";
  return { args: ["platform", hold, version, "--env", env, ...why], after: [0, 2] };
}

async function killedAfter(place: Place, delayMs: number, args: readonly string[]): Promise<Run> {
  let timer: NodeJS.Timeout | undefined;
  const started = (pid: number): void => {
    timer = setTimeout(() => {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, delayMs);
  };
  try {
    return await place.runWith({ started }, ...args);
  } finally {
    clearTimeout(timer);
  }
}

/** What is not as it has to be at rest: a chain with a gap, a second outcome, an open operation, a tag without an event. */
async function wrongIn(place: Place): Promise<string[]> {
  const problems = ledgerProblems(await readStored(place));
  const verified = await place.run("audit", "verify", "-o", "json");
  if (verified.code !== 0) problems.push(`audit verify: ${described(verified)}`);
  const open = verified.rows.flatMap((row) => row["open_intents"] as string[]);
  if (open.length > 0) problems.push(`open: ${open.join(", ")}`);
  const drift = await place.run("audit", "drift", "-o", "json");
  if (drift.code !== 0) problems.push(`audit drift: ${described(drift)}`);
  return problems;
}

/** A small generator of pseudo-random numbers, so that a seed gives the same kills again. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
