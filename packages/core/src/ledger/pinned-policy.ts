import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import type { EventKind, LedgerState } from "./event.ts";
import type { LedgerView } from "./ledger.ts";

/** What an environment is pinned to. */
export type PinnedPolicy = NonNullable<LedgerState["policy"]>;

/**
 * What an environment is pinned to when that is not what the manifest gives; `null`: it is pinned to nothing else.
 */
export function otherPin(
  environment: Pick<EnvironmentConfig, "requirements" | "authority">,
  view: Pick<LedgerView, "state"> | null,
): PinnedPolicy | null {
  const pinned = view?.state.policy ?? null;
  if (!pinned) return null;
  const same =
    pinned.policy_digest === policyDigest(environment) &&
    pinned.authority_digest === authorityDigest(environment);
  return same ? null : pinned;
}

/** Says what a manifest has changed that an environment is pinned to, and what to do. */
export function pinProblem(
  environment: EnvironmentConfig,
  pinned: PinnedPolicy,
): { readonly message: string; readonly hint: string } {
  const changed = [
    ...(pinned.policy_digest === policyDigest(environment) ? [] : ["what it requires"]),
    ...(pinned.authority_digest === authorityDigest(environment) ? [] : ["who may do what"]),
  ];
  return {
    message: `${environment.name} is pinned to the manifest that ${pinned.by} accepted at ${pinned.at}; this one changes ${changed.join(" and ")}`,
    hint: `Use the manifest that was accepted, or have the change accepted by somebody whom that one lets act in ${environment.name}: floe platform accept-policy --env ${environment.name} --reason …`,
  };
}

// What finishes or judges what was begun under the pinned manifest goes on, and what only says that something was refused.
const FREE: ReadonlySet<EventKind> = new Set([
  "genesis",
  "outcome",
  "reconcile",
  "refusal",
  "settle",
  "policy",
]);

/**
 * The last line before an event is signed: under another manifest than the pinned one nothing is changed, whichever command
 * forgot to ask.
 * @throws {FloeError} FLOE_POLICY_NOT_ACCEPTED
 */
export function assertPinned(
  kind: EventKind,
  environment: EnvironmentConfig,
  view: Pick<LedgerView, "state">,
): void {
  const pinned = FREE.has(kind) ? null : otherPin(environment, view);
  if (pinned)
    throw new FloeError({
      code: "FLOE_POLICY_NOT_ACCEPTED",
      ...pinProblem(environment, pinned),
      details: { environment: environment.name },
    });
}
