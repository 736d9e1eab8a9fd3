import type { GateReport } from "../../contract/index.ts";
import { isFloeError } from "../../errors/index.ts";
import type { GateConfig } from "../../manifest/manifest.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import type { Digest } from "../../model/digest.ts";
import { PREDICATE_TYPES } from "../../model/records.ts";
import type { ArtifactStore, CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { type ReadEvidence, readEvidence, readReports } from "./read-evidence.ts";

/** So many manifests are looked at; anybody who can push can attach more. */
const MAX_CANDIDATES = 32;

/** How far clocks may differ before something was judged in the future. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Evidence that counts, with its raw reports. */
export interface UsableEvidence extends ReadEvidence {
  readonly reports: readonly GateReport[];
}

/** What is looked for. */
export interface EvidenceQuery {
  readonly gate: GateConfig;
  readonly artifact: Digest;
  readonly signers: readonly TrustedSigner[];
  /** `null`: however old. */
  readonly maxAgeSeconds: number | null;
  /** For which environment it was judged; `null`: any. */
  readonly environment: string | null;
  /** Where it may be. */
  readonly stores: readonly ArtifactStore[];
}

/** What was found, or why nothing of what is attached counts: one sentence each. */
export type EvidenceAnswer =
  | { readonly found: UsableEvidence }
  | { readonly found: null; readonly why: readonly string[] };

/**
 * Finds the newest evidence of a gate by trusted signers, asked the same of the same digest. Annotations say only where to look;
 * everything that counts is in the signed statement. The newest alone decides: an older pass does not stand against a newer
 * refusal.
 */
export async function findEvidence(
  query: EvidenceQuery,
  context: Pick<FloeContext, "verifier">,
  options: CallOptions,
): Promise<EvidenceAnswer> {
  const why: string[] = [];
  const matching: { readonly read: ReadEvidence; readonly store: ArtifactStore }[] = [];
  const now = query.stores[0]?.now() ?? new Date();
  for (const { store, digest } of await candidates(query, options)) {
    const read = await readOrSay(digest, query, { ...context, store }, why, options);
    if (!read) continue;
    const problem = problemOf(read, query, now);
    if (problem === null) matching.push({ read, store });
    else why.push(`${digest}: ${problem}`);
  }
  const newest = matching.toSorted(
    (a, b) => Date.parse(b.read.statement.judged_at) - Date.parse(a.read.statement.judged_at),
  )[0];
  if (!newest) return { found: null, why };
  const { read, store } = newest;
  const { statement, digest } = read;
  if (statement.reports.some(({ kept }) => !kept))
    return { found: null, why: [`${digest}: a report was too large to be kept`] };
  const kept = await readReports(read, { store }, options);
  if ("problem" in kept) return { found: null, why: [`${digest}: ${kept.problem}`] };
  return { found: { ...read, reports: kept.reports } };
}

/** Manifests that say they are evidence of the gate, newest first as far as they say so. */
async function candidates(
  { artifact, gate, stores }: EvidenceQuery,
  options: CallOptions,
): Promise<readonly { readonly store: ArtifactStore; readonly digest: Digest }[]> {
  const found: { readonly store: ArtifactStore; readonly descriptor: Descriptor }[] = [];
  for (const store of new Set(stores))
    for (const descriptor of await store.referrers(artifact, options)) {
      const said = descriptor.annotations ?? {};
      if (said["dev.floe.gate"] !== gate.name) continue;
      if (said["dev.sigstore.bundle.predicateType"] !== PREDICATE_TYPES.gateResult) continue;
      if (found.some((one) => one.descriptor.digest === descriptor.digest)) continue;
      found.push({ store, descriptor });
    }
  const created = ({ descriptor }: (typeof found)[number]): string =>
    descriptor.annotations?.["org.opencontainers.image.created"] ?? "";
  return found
    .toSorted((a, b) => created(b).localeCompare(created(a)))
    .slice(0, MAX_CANDIDATES)
    .map(({ store, descriptor }) => ({ store, digest: descriptor.digest }));
}

async function readOrSay(
  digest: Digest,
  { artifact, signers }: EvidenceQuery,
  context: Pick<FloeContext, "verifier" | "store">,
  why: string[],
  options: CallOptions,
): Promise<ReadEvidence | null> {
  try {
    const read = await readEvidence(digest, artifact, signers, context, options);
    if (read && !("problem" in read)) return read;
    if (read) why.push(`${digest}: ${read.problem}`);
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_RECORD_INVALID")) throw cause;
    why.push(cause.message);
  }
  return null;
}

function problemOf(
  { statement }: ReadEvidence,
  { gate, maxAgeSeconds, environment }: EvidenceQuery,
  now: Date,
): string | null {
  const { result } = statement;
  if (result.gate !== gate.name || result.kind !== gate.kind)
    return `it is of the gate ${result.gate} (${result.kind})`;
  if (environment !== null && statement.environment !== environment)
    return `it was judged for ${statement.environment}`;
  if (statement.config_digest !== gate.configDigest)
    return "the gate was asked something else then: its settings, command or reports differ";
  return ageProblem(new Date(statement.judged_at), maxAgeSeconds, now);
}

/** Says why something of a time is too old, or too young, to count; `null`: it is not. */
export function ageProblem(at: Date, maxAgeSeconds: number | null, now: Date): string | null {
  const ageMs = now.getTime() - at.getTime();
  if (ageMs < -CLOCK_SKEW_MS) return `it is of ${at.toISOString()}, which is in the future`;
  if (maxAgeSeconds === null || ageMs <= maxAgeSeconds * 1000) return null;
  return `it is of ${at.toISOString()}, and max_age is ${maxAgeSeconds} s`;
}
