import { isFloeError } from "../errors/index.ts";
import type { LedgerState } from "../ledger/event.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Freezes } from "./freezes.ts";
import type { Ledgers } from "./ledgers.ts";
import { readViewOrError } from "./read-view-or-error.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";
import { isSoaking, soakOf } from "./soak.ts";

/** Something that keeps versions out of an environment. */
export interface HeldStatus {
  readonly kind: "rollback" | "quarantine" | "freeze" | "soak";
  /** `null`: it concerns all versions. */
  readonly version: string | null;
  readonly reason: string | null;
  /** When it is over by itself; `null`: when somebody lifts it. */
  readonly until: string | null;
  /** Freeze windows only: where its local times count. */
  readonly timezone?: string;
  /** Freeze windows only: what is let through. */
  readonly allow?: readonly string[];
}

/** A freeze window that is going to close. */
export interface NextFreeze {
  readonly start: string;
  readonly until: string;
  readonly timezone: string;
  readonly reason: string | null;
  /** What is let through. */
  readonly allow: readonly string[];
}

/** The freeze windows that are closed now. */
export function heldByFreezes({ active }: Freezes): HeldStatus[] {
  return active.map(({ window: { reason, timezone, allow }, until }) => ({
    kind: "freeze",
    version: null,
    reason,
    until: until.toISOString(),
    timezone,
    allow,
  }));
}

/** Quarantines, and what rollbacks have left. */
export function heldVersions(state: LedgerState | undefined): HeldStatus[] {
  return (state?.holds ?? []).map(({ kind, version, reason }) => ({
    kind,
    version,
    reason,
    until: null,
  }));
}

/** The freeze window that closes next. */
export function nextFreeze({ coming: [next] }: Freezes): NextFreeze | null {
  if (!next) return null;
  const { reason, timezone, allow } = next.window;
  return {
    start: next.start.toISOString(),
    until: next.until.toISOString(),
    timezone,
    reason,
    allow,
  };
}

/**
 * What has to stay in an earlier environment for a while: the version that was asked about, else what that environment
 * runs.
 */
export async function heldBySoak(
  environment: EnvironmentConfig,
  artifact: ResolvedArtifact | null,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<HeldStatus[]> {
  if (!environment.soak) return [];
  const from = ledgers.of(findEnvironment(context.manifest, environment.soak.from));
  const read = await readViewOrError(from, options);
  // What is wrong with that ledger is a finding of its own environment.
  if (isFloeError(read)) return [];
  const current = read?.state.current;
  const candidate = artifact
    ? { version: artifact.version, digest: artifact.manifest.descriptor.digest }
    : current;
  if (!candidate) return [];
  const soak = await soakOf(candidate.digest, environment, context, ledgers, options);
  if (!soak?.until || !isSoaking(soak, context.store.now())) return [];
  const why = `in ${soak.from} for ${soak.hours} h first`;
  return [
    { kind: "soak", version: candidate.version, reason: why, until: soak.until.toISOString() },
  ];
}
