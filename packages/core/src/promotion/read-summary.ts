import { FloeError } from "../errors/index.ts";
import type { EventActor } from "../ledger/event.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { digestHex } from "../model/digest.ts";
import { authorize, operatorTrust } from "../model/identity.ts";
import { PREDICATE_TYPES, resourceUri, type VerificationSummary } from "../model/records.ts";
import { summaryTag } from "../model/tag.ts";
import type { CallOptions, TrustedSigner } from "../ports/index.ts";
import { type SummaryFacts, VERIFIER_ID, verifiedLevels } from "./build-summary.ts";
import type { FloeContext } from "./context.ts";
import { readRecord, type VerifiedRecord } from "./read-record.ts";

/**
 * Whose signature on a promotion's summary counts: who made or finished the promotion, and everybody who may change the
 * environment.
 */
export function summarySigners(
  environment: EnvironmentConfig,
  manifest: Manifest,
  actors: readonly EventActor[],
): TrustedSigner[] {
  const allowed = manifest.identities.filter(
    ({ name }) => authorize(name, environment, manifest).granted,
  );
  const trusted = [
    ...actors.flatMap((actor) => operatorTrust(actor, manifest)),
    ...allowed.map((identity) => identity.trusted),
  ];
  const keys = new Map(trusted.map((one) => [JSON.stringify({ ...one, name: "" }), one]));
  return [...keys.values()];
}

/**
 * Reads the verification summary of a promotion by its tag; `null` when there is none.
 * @throws {FloeError} FLOE_RECORD_INVALID - unsigned, by somebody the manifest does not know, or about something else
 */
export async function readSummary(
  facts: SummaryFacts,
  context: Pick<FloeContext, "store" | "verifier" | "manifest">,
  options: CallOptions,
): Promise<VerifiedRecord | null> {
  const tag = summaryTag(facts.operation);
  const found = await readRecord(tag, facts.digest, facts.signers, context, options);
  if (!found) return null;
  const wrong = differenceOf(found, facts);
  if (wrong === null) return found;
  throw new FloeError({
    code: "FLOE_RECORD_INVALID",
    message: `verification summary ${tag}: ${wrong}`,
    hint: "Somebody put something else in its place; find out who.",
  });
}

/** Says what a signed summary says otherwise than the promotion it should be of; `null`: nothing. */
function differenceOf(
  { predicate, predicateType }: VerifiedRecord,
  facts: SummaryFacts,
): string | null {
  if (predicateType !== PREDICATE_TYPES.verificationSummary) return "it is another statement";
  const said = predicate as Partial<VerificationSummary>;
  const uri = resourceUri(facts.repository, facts.environment);
  if (said.verifier?.id !== VERIFIER_ID) return "it is by another verifier";
  if (said.resourceUri !== uri) return `it is about ${String(said.resourceUri)}, not ${uri}`;
  if (said.verificationResult !== "PASSED") return "it does not say PASSED";
  if (said.policy?.digest?.sha256 !== digestHex(facts.policyDigest))
    return "it is by another policy than the record";
  if (said.inputAttestations?.[0]?.digest?.sha256 !== digestHex(facts.record.bundle))
    return "it rests on another record";
  const levels = verifiedLevels(facts);
  if (JSON.stringify(said.verifiedLevels) !== JSON.stringify(levels))
    return "its levels are not those of the record";
  return null;
}
