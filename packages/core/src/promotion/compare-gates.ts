import { EXIT, isFloeError } from "../errors/index.ts";
import type { Digest } from "../model/digest.ts";
import { operatorTrust } from "../model/identity.ts";
import { environmentTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";
import type { ResolvedSide } from "./diff-side.ts";
import { findArrival } from "./find-arrival.ts";
import type { Ledgers } from "./ledgers.ts";
import { isRecordOf, readRecord } from "./read-record.ts";

/** What a gate said. */
export interface GateAnswer {
  readonly status: string;
  readonly summary: string;
}

/** A gate that said something else, or that only one of the two went through. */
export interface GateChange {
  readonly gate: string;
  readonly change: "added" | "removed" | "changed";
  readonly from: GateAnswer | null;
  readonly to: GateAnswer | null;
}

/** Where the gate results of one side are from. */
export interface GateSource {
  readonly environment: string;
  readonly record: Digest;
}

/** What the gates said about two versions, by the signed records of their promotions. */
export interface GateComparison {
  /** `null`: there is no record of a promotion. */
  readonly from: GateSource | null;
  readonly to: GateSource | null;
  /** `null`: one of the two has none. */
  readonly changes: readonly GateChange[] | null;
  /** Records that could not be believed, in sentences. */
  readonly notCompared: readonly string[];
}

interface Promoted extends GateSource {
  readonly answers: ReadonlyMap<string, GateAnswer>;
}

/**
 * Compares gate results: those of the environment that was named, else of the last one on the path that both were promoted
 * to, else of the last of each.
 */
export async function compareGates(
  from: ResolvedSide,
  to: ResolvedSide,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<GateComparison> {
  const notCompared: string[] = [];
  const note = (what: string): void => void notCompared.push(what);
  const ones = await promotionsOf(from, context, ledgers, note, options);
  const twos = await promotionsOf(to, context, ledgers, note, options);
  const common = ones.findLast((one) => twos.some((two) => two.environment === one.environment));
  const one = common ?? ones.at(-1);
  const two = twos.find((other) => other.environment === common?.environment) ?? twos.at(-1);
  return {
    from: one ? { environment: one.environment, record: one.record } : null,
    to: two ? { environment: two.environment, record: two.record } : null,
    changes: one && two ? changesOf(one.answers, two.answers) : null,
    notCompared,
  };
}

function changesOf(from: Promoted["answers"], to: Promoted["answers"]): GateChange[] {
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((gate): GateChange[] => {
    const [one, two] = [from.get(gate) ?? null, to.get(gate) ?? null];
    if (one?.status === two?.status && one?.summary === two?.summary) return [];
    return [{ gate, change: !one ? "added" : two ? "changed" : "removed", from: one, to: two }];
  });
}

// In the order of the path.
async function promotionsOf(
  { side, environment: named }: ResolvedSide,
  given: FloeContext,
  ledgers: Ledgers,
  note: (what: string) => void,
  options: CallOptions,
): Promise<Promoted[]> {
  const found: Promoted[] = [];
  for (const environment of named ? [named] : given.manifest.environments) {
    try {
      const promoted = await promotionIn(environment.name);
      if (promoted) found.push(promoted);
    } catch (cause) {
      if (!isFloeError(cause) || cause.exitCode !== EXIT.integrity) throw cause;
      note(
        `What is known of ${side.version} in ${environment.name} cannot be believed: ${cause.message}.`,
      );
    }

    async function promotionIn(name: string): Promise<Promoted | null> {
      const { version, digest } = side;
      const context = at(given, environment);
      // Most environments have not seen a version: that is told by one request.
      if (!(await context.store.resolve(environmentTag(version, name), options))) return null;
      const ledger = ledgers.of(environment);
      const view = await ledger.view(options);
      const wanted = { version, digest, promotedOnly: true };
      const arrival = await findArrival(ledger, view, wanted, options);
      if (arrival?.kind !== "outcome") return null;
      const { record, action, intent, operation } = arrival;
      const trust = operatorTrust(arrival.by, context.manifest);
      const read = await readRecord(record.digest, digest, trust, context, options);
      if (!read || !isRecordOf(read, { action, operation, environment: name, intent })) {
        note(
          `The record of ${version} in ${name} is ${read ? "about something else" : "missing"}.`,
        );
        return null;
      }
      return { environment: name, record: record.digest, answers: answersOf(read.predicate) };
    }
  }
  return found;
}

function answersOf(predicate: Readonly<Record<string, unknown>>): Promoted["answers"] {
  const results = Array.isArray(predicate["gate_results"]) ? predicate["gate_results"] : [];
  return new Map(
    results.flatMap((result: unknown) => {
      const { gate, status, summary } = (result ?? {}) as Record<string, unknown>;
      if (typeof gate !== "string" || typeof status !== "string") return [];
      return [[gate, { status, summary: typeof summary === "string" ? summary : "" }] as const];
    }),
  );
}
