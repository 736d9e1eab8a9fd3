import type { LedgerView } from "../ledger/ledger.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, latestTag, rollbackTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { openIntents } from "../promotion/open-intent.ts";
import type { Check, Checks } from "./check.ts";
import type { WayIn } from "./find-way-in.ts";

const SET_BACK =
  "Find out who moved it. The next promotion or rollback moves latest tags on; others have to be set back by hand.";

/** Checks that the immutable tags of a way in hold the digest still. */
export async function checkOwnTags(
  wayIn: WayIn,
  checks: Checks,
  { store }: Pick<FloeContext, "store">,
  options: CallOptions,
): Promise<Check> {
  const { body } = wayIn.entry.outcome.event;
  const { target } = wayIn.entry.intent.event.body;
  const names = [
    environmentTag(body.version, target),
    ...(body.rollback ? [rollbackTag(body.version, target, body.rollback.count)] : []),
  ];
  const moved: string[] = [];
  for (const name of names) {
    const found = await store.resolve(name, options);
    if (found?.digest !== body.digest) moved.push(`${name} holds ${found?.digest ?? "nothing"}`);
  }
  if (moved.length === 0) return checks.ok("tags", names.join(", "));
  return checks.failed(
    "tags",
    "FLOE_LEDGER_DRIFT",
    `${moved.join("; ")}, by the ledger ${body.digest}: somebody moved it without floe`,
    SET_BACK,
  );
}

/** Checks that `latest-ENV` holds what the ledger says that the environment runs. */
export async function checkLatest(
  environment: EnvironmentConfig,
  view: LedgerView | null,
  ledgers: Ledgers,
  checks: Checks,
  context: FloeContext,
  options: CallOptions,
): Promise<Check> {
  const tag = latestTag(environment.name);
  const holds = (await context.store.resolve(tag, options))?.digest ?? null;
  const runs = view?.state.current?.digest ?? null;
  if (holds === runs) return checks.ok("tags", `${tag} holds ${runs ?? "nothing"}`);
  const ledger = ledgers.of(environment);
  const open = view ? await openIntents(ledger, view, context, options) : [];
  // While an operation is open the tag may be ahead of the ledger.
  if (open.some(({ body }) => body.digest === holds))
    return checks.warning(
      "tags",
      `${tag} holds ${holds ?? "nothing"}: an operation is under way, or was interrupted`,
      `Look again, or finish it: floe platform reconcile --env ${environment.name}`,
    );
  return checks.failed(
    "tags",
    "FLOE_LEDGER_DRIFT",
    `${tag} holds ${holds ?? "nothing"}, and by the ledger ${environment.name} runs ${runs ?? "nothing"}: somebody moved it without floe`,
    SET_BACK,
  );
}

/**
 * Checks that the version's own tag was not moved since. One that is not there proves nothing: a copy may have left it
 * behind, and nothing rests on it any more.
 */
export async function checkVersionTag(
  { version, digest }: { readonly version: string; readonly digest: Digest },
  checks: Checks,
  { store }: Pick<FloeContext, "store">,
  options: CallOptions,
): Promise<Check[]> {
  const tagged = await store.resolve(version, options);
  if (!tagged || tagged.digest === digest) return [];
  return [
    checks.failed(
      "tags",
      "FLOE_LEDGER_DRIFT",
      `${version} holds ${tagged.digest}, and what was promoted as ${version} is ${digest}: somebody moved the version tag`,
      "Find out who. Publish the other content under a version of its own.",
    ),
  ];
}

/** Says whether a digest still stands in an environment, by the newest state of its ledger. */
export function checkStanding(
  environment: string,
  digest: Digest,
  wayIn: WayIn,
  view: LedgerView,
  asked: boolean,
  checks: Checks,
): Check[] {
  const { current, holds, lock } = view.state;
  const { version } = wayIn.entry.outcome.event.body;
  const found: Check[] = [];
  const hold = holds.find((candidate) => candidate.digest === digest);
  if (hold) {
    const what = `${version} is held in ${environment}: ${hold.kind === "rollback" ? "rolled back from" : "quarantined"} by ${hold.by} at ${hold.at} (${hold.reason})`;
    found.push(
      asked
        ? checks.failed("standing", "FLOE_VERIFY_UNTRUSTED", what, "Use another version.")
        : checks.warning("standing", what, "Whoever knows why should look at this version."),
    );
  } else if (current?.digest === digest)
    found.push(checks.ok("standing", `${environment} runs it since ${current.at}`));
  else if (asked)
    found.push(
      checks.warning(
        "standing",
        `${version} was there until ${wayIn.replacedAt ?? "later"}; ${environment} runs ${current?.version ?? "nothing"} now`,
        "It is not what the environment runs.",
      ),
    );
  else found.push(checks.ok("standing", "its promotion stands"));
  if (asked && lock)
    found.push(
      checks.warning(
        "standing",
        `${environment} is locked by ${lock.by} since ${lock.at}: ${lock.reason}`,
        "Nothing enters until it is unlocked.",
      ),
    );
  return found;
}
