import { actorName } from "../ledger/fold-state.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Check, Checks } from "./check.ts";
import type { Entry } from "./find-way-in.ts";

/**
 * Checks who made an operation. That the event is signed by its actor was checked when it was read, and so was whether
 * the actor might do it: by the manifest of today, or because somebody who may went by it.
 */
export function checkSigner(entry: Entry, environment: EnvironmentConfig, checks: Checks): Check {
  const { event, signedBy } = entry.intent;
  const { actor } = event;
  const { action } = event.body;
  const shown = actor.subject ?? actor.key_id ?? "an unknown key";
  if (actor.method === "ephemeral")
    return checks.failed(
      "signer",
      "FLOE_VERIFY_UNTRUSTED",
      `nobody is proven to have made the ${action}: it is signed with a key of one run, because signing was off`,
      "Promote again (--force) with a key whose public part is an identity of the manifest.",
    );
  if (signedBy === null && environment.authorization === null)
    return checks.failed(
      "signer",
      "FLOE_VERIFY_UNTRUSTED",
      `the ${action} is signed by ${shown}, which is no identity of the manifest, and ${environment.name} lets everybody promote`,
      "If you know the key, add it to identities; otherwise promote again (--force) with one that is there.",
    );
  if (signedBy === null)
    return checks.warning(
      "signer",
      `today's manifest does not know ${shown} (${actor.identity ?? "no name"}); the ${action} counts because somebody who may act here went by it`,
      "Keep the identities of people who leave, with revoked_at.",
    );
  return checks.ok("signer", `${actorName({ ...actor, identity: signedBy })} signed the ${action}`);
}
