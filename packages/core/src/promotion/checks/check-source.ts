import { actorName } from "../../ledger/fold-state.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Moment } from "../../ledger/tag-lists.ts";
import { operatorTrust } from "../../model/identity.ts";
import { environmentTag } from "../../model/tag.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at, type FloeContext } from "../context.ts";
import { findArrival } from "../find-arrival.ts";
import { isRecordOf, readRecord } from "../read-record.ts";
import { type Reason, reason } from "../reason.ts";
import type { ResolvedArtifact } from "../resolve-artifact.ts";

/**
 * Checks that an environment really holds this digest: its immutable environment tag stands at the digest, a committed
 * and valid record says so, and nothing holds it. It need not be what runs there now.
 */
export async function checkSource(
  artifact: ResolvedArtifact,
  ledger: Ledger,
  given: FloeContext,
  warn: (warning: string) => void,
  options: CallOptions & { readonly since?: Moment },
): Promise<Reason | null> {
  const environment = ledger.environment.name;
  const context = at(given, ledger.environment);
  const digest = artifact.manifest.descriptor.digest;
  const tag = environmentTag(artifact.version, environment);
  const there = await context.store.resolve(tag, options);
  if (!there) {
    return reason(
      "FLOE_SOURCE_NOT_PROMOTED",
      `${artifact.version} is not in ${environment}: there is no tag ${tag}`,
      `Promote it there first: floe promote ${artifact.version} --to ${environment}`,
    );
  }
  const { version } = artifact;
  const view = await ledger.view(options);
  if (there.digest !== digest) {
    // Which of the two tags was moved is what the ledger knows.
    if (await findArrival(ledger, view, { version, digest }, options)) {
      return reason(
        "FLOE_LEDGER_DRIFT",
        `${tag} holds ${there.digest}, but by the ledger ${version} is in ${environment} at ${digest}: somebody moved the tag without floe`,
        `Find out who. Then set ${tag} back to ${digest}, where the registry allows that, or publish a new version.`,
      );
    }
    return reason(
      "FLOE_SOURCE_NOT_PROMOTED",
      `${environment} holds another digest of ${artifact.version}: ${tag} is ${there.digest}, ${artifact.version} is ${digest}`,
      "The version tag was moved after it had been promoted; publish the new content under a new version.",
    );
  }
  const hold = view?.state.holds.find((candidate) => candidate.digest === digest);
  if (hold) {
    return reason(
      hold.kind === "quarantine" ? "FLOE_DIGEST_QUARANTINED" : "FLOE_VERSION_HELD",
      `${artifact.version} is held in ${environment} (${hold.kind} by ${hold.by}: ${hold.reason})`,
      `A held version goes no further. When the reason is gone: floe platform unquarantine ${version} --env ${environment} --reason …`,
    );
  }
  const arrival = await findArrival(ledger, view, { version, digest }, options);
  if (!arrival) {
    return reason(
      "FLOE_SOURCE_NOT_PROMOTED",
      `${tag} exists, but the ledger of ${environment} has no committed promotion of ${version} at ${digest}`,
      "A tag alone proves nothing: promote the version to that environment with floe.",
    );
  }
  if (arrival.kind === "adopt") {
    warn(
      `${version} was adopted in ${environment} by ${actorName(arrival.by)} at ${arrival.at}: no gate of ${environment} was run for it`,
    );
    return null;
  }
  const { record, action, intent, operation } = arrival;
  const verified = await readRecord(
    record.digest,
    digest,
    operatorTrust(arrival.by, context.manifest),
    context,
    // A registry keeps the blobs of its manifests; in a folder they are looked at.
    { ...options, embedded: context.store.tagCreation !== "atomic" },
  );
  const wanted = { action, operation, environment, intent };
  if (verified && isRecordOf(verified, wanted)) return null;
  return reason(
    "FLOE_SOURCE_NOT_PROMOTED",
    `the record of ${artifact.version} in ${environment} (${record.tag}) is ${verified ? "about something else" : "missing"}`,
    "Restore the record from a copy of the registry.",
  );
}
