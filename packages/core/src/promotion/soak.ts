import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import { findArrival } from "./find-arrival.ts";
import type { Ledgers } from "./ledgers.ts";

/** How long a digest has been where it has to stay for a while. */
export interface Soak {
  readonly from: string;
  readonly hours: number;
  /** Since when it is there; `null`: it never came there. */
  readonly since: Date | null;
  /** When it has been there long enough. */
  readonly until: Date | null;
}

/**
 * Finds out how long a digest has soaked for an environment: since its newest promotion to the environment before was
 * committed, or its adoption there, by the registry's clock. `null`: the environment asks for none.
 */
export async function soakOf(
  digest: Digest,
  { soak }: Pick<EnvironmentConfig, "soak">,
  context: Pick<FloeContext, "manifest">,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Soak | null> {
  if (!soak) return null;
  const { from, hours } = soak;
  const ledger = ledgers.of(findEnvironment(context.manifest, from));
  const view = await ledger.view(options);
  // A rollback to it brings it back, not anew: how long it was there before counts.
  const arrival = await findArrival(ledger, view, { digest, promotedOnly: true }, options);
  const at = arrival && (arrival.kind === "outcome" ? arrival.committedAt : arrival.at);
  if (at === null) return { from, hours, since: null, until: null };
  const since = new Date(at);
  return { from, hours, since, until: new Date(since.getTime() + hours * 3_600_000) };
}

/** Says whether it has to stay longer. */
export function isSoaking(soak: Soak, now: Date): boolean {
  return soak.until === null || now < soak.until;
}
