import { isFloeError } from "../errors/index.ts";
import type { LedgerEvent } from "../ledger/event.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { readArtifact } from "./resolve-artifact.ts";

const DAY_MS = 86_400_000;
/** When the artifact was made, by whoever made it (image-spec, "Pre-Defined Annotation Keys"). */
const CREATED = "org.opencontainers.image.created";

/** What `floe platform metrics` asks for. */
export interface MetricsRequest {
  /** Default: the last environment of the path. */
  readonly environment?: string | undefined;
  /** Default: all that the ledger has. */
  readonly since?: Date | undefined;
}

/** A figure, what it is made of, and how. */
export interface Metric {
  /** `null`: there is nothing that it could be computed from. Never 0 in its place. */
  readonly value: number | null;
  readonly unit: "per_day" | "seconds" | "ratio";
  /** How many promotions it rests on. */
  readonly samples: number;
  readonly how: string;
}

/** A time, summed up over promotions. */
export interface DurationMetric extends Metric {
  /** Nine in ten were as fast, or faster. */
  readonly p90: number | null;
}

/** The four figures of DORA (https://dora.dev/guides/dora-metrics-four-keys/) for one environment. */
export interface Metrics {
  readonly environment: string;
  readonly since: string | null;
  readonly until: string;
  readonly deploymentFrequency: Metric;
  readonly leadTime: DurationMetric & {
    /** Where lead times begin: in the first environment, or when the artifact was made. */
    readonly from: { readonly firstEnvironment: number; readonly artifactCreated: number };
    /** Promotions of which neither is known. */
    readonly unknown: number;
  };
  readonly changeFailureRate: Metric;
  readonly timeToRestore: DurationMetric;
}

interface Deployment {
  readonly version: string;
  readonly digest: Digest;
  readonly at: number;
  /** When somebody had returned to another version; `null`: nobody has. */
  restoredAt: number | null;
  quarantined: boolean;
}

/**
 * Computes the figures from the ledgers, of events that count. A deployment is a committed promotion; it failed when it was
 * rolled back from, or its digest was quarantined there afterwards.
 */
export async function metrics(
  request: MetricsRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Metrics> {
  const { environments } = context.manifest;
  const [first] = environments;
  const target =
    request.environment === undefined
      ? environments.at(-1)
      : findEnvironment(context.manifest, request.environment);
  if (!first || !target) throw new Error("a manifest has an environment");
  const { deployments, begun } = await deploymentsOf(ledgers.of(target), options);
  const there = at(context, target);
  const until = there.store.now().getTime();
  const since = request.since?.getTime() ?? begun;
  const inWindow = deployments.filter(({ at }) => since !== null && at >= since && at <= until);
  // A ledger of a minute says nothing about a day: what is shorter counts as one.
  const days = since === null ? 1 : Math.max(1, (until - since) / DAY_MS);
  const failed = inWindow.filter((one) => one.restoredAt !== null || one.quarantined);
  const restored = inWindow.flatMap(({ at, restoredAt }) =>
    restoredAt === null ? [] : [(restoredAt - at) / 1000],
  );
  const samples = inWindow.length;
  return {
    environment: target.name,
    since: since === null ? null : new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    deploymentFrequency: {
      value: samples === 0 ? null : samples / days,
      unit: "per_day",
      samples,
      how: `committed promotions to ${target.name}, divided by the days of the period, at least one`,
    },
    leadTime: await leadTimeOf(inWindow, { first, target }, there, ledgers, options),
    changeFailureRate: {
      value: samples === 0 ? null : failed.length / samples,
      unit: "ratio",
      samples,
      how: `promotions that were rolled back from, or whose digest was quarantined in ${target.name} afterwards, of all promotions`,
    },
    timeToRestore: {
      ...summary(restored),
      unit: "seconds",
      samples: restored.length,
      how: "from the commit of a promotion that was rolled back from to the commit of the rollback; median",
    },
  };
}

async function deploymentsOf(
  ledger: Ledger,
  options: CallOptions,
): Promise<{ readonly deployments: readonly Deployment[]; readonly begun: number | null }> {
  const events: LedgerEvent[] = [];
  let begun: number | null = null;
  for await (const { event, authorized } of ledger.readBack(options)) {
    if (event.kind === "genesis") begun = Date.parse(event.at);
    if (authorized && isTold(event)) events.push(event);
  }
  const deployments: Deployment[] = [];
  const last = (digest: string): Deployment | undefined =>
    deployments.findLast((one) => one.digest === digest);
  for (const event of events.reverse()) {
    if (event.kind === "quarantine") {
      const bad = last(event.body.digest);
      if (bad) bad.quarantined = true;
    }
    if (event.kind !== "outcome") continue;
    const { version, digest, committed_at: committedAt, rollback } = event.body;
    const at = Date.parse(committedAt ?? event.at);
    if (!rollback) deployments.push({ version, digest, at, restoredAt: null, quarantined: false });
    else {
      const left = last(rollback.from.digest);
      if (left) left.restoredAt ??= at;
    }
  }
  return { deployments, begun };
}

function isTold(event: LedgerEvent): boolean {
  if (event.kind === "outcome")
    return event.body.result === "succeeded" && event.state.current?.operation === event.operation;
  return event.kind === "quarantine";
}

async function leadTimeOf(
  deployments: readonly Deployment[],
  { first, target }: { readonly first: EnvironmentConfig; readonly target: EnvironmentConfig },
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Metrics["leadTime"]> {
  const isFirst = first.name === target.name;
  const earlier = isFirst ? [] : (await deploymentsOf(ledgers.of(first), options)).deployments;
  const from = { firstEnvironment: 0, artifactCreated: 0 };
  const times: number[] = [];
  for (const { version, digest, at } of deployments) {
    const begun = earlier.find((one) => one.digest === digest && one.at <= at);
    const start = begun?.at ?? (await createdAt({ version, digest }, context, options));
    if (start === null || start > at) continue;
    if (begun) from.firstEnvironment += 1;
    else from.artifactCreated += 1;
    times.push((at - start) / 1000);
  }
  return {
    ...summary(times),
    unit: "seconds",
    samples: times.length,
    from,
    unknown: deployments.length - times.length,
    how: isFirst
      ? `from when the artifact was made, by its annotation ${CREATED}, to its commit in ${target.name}; median`
      : `from the commit in ${first.name}, or else from when the artifact was made by its annotation ${CREATED}, to the commit in ${target.name}; median`,
  };
}

async function createdAt(
  { version, digest }: Pick<Deployment, "version" | "digest">,
  { store }: FloeContext,
  options: CallOptions,
): Promise<number | null> {
  const artifact = await readArtifact(store, { version, digest }, options).catch(
    (cause: unknown) => {
      // What is gone cannot say when it was made.
      if (isFloeError(cause, "FLOE_ARTIFACT_NOT_FOUND")) return null;
      throw cause;
    },
  );
  const time = Date.parse(artifact?.annotations[CREATED] ?? "");
  return Number.isNaN(time) ? null : time;
}

function summary(values: readonly number[]): { value: number | null; p90: number | null } {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper, lower] = [sorted[middle], sorted[middle - 1]];
  if (upper === undefined) return { value: null, p90: null };
  const value = sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
  return { value, p90: sorted[Math.ceil(sorted.length * 0.9) - 1] ?? value };
}
