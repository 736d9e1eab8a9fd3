import { FloeError, isFloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { MEDIA_TYPES } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { classifyTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { readRecord } from "./read-record.ts";
import { type ResolvedArtifact, tagRules } from "./resolve-artifact.ts";

/** Of an estate with thousands of versions so many are looked at, and so many records of each. */
const MAX_ARTIFACTS = 200;
const MAX_REFERRERS = 100;

/**
 * Makes sure that an environment without a ledger never had one: adopting must not be a way to hide that one was deleted. The
 * ledger's own tags are looked for before; here it is records, which name the environment and lie beside the artifacts.
 * @throws {FloeError} FLOE_LEDGER_MISSING - a signed record says that there was one
 */
export async function assertNeverHadLedger(
  environment: EnvironmentConfig,
  artifact: ResolvedArtifact,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const { store, manifest } = context;
  const rules = tagRules(manifest);
  const tags = (await store.listTags(options)).filter((tag) => {
    const kind = classifyTag(tag, rules);
    return (
      (kind.kind === "environment" || kind.kind === "latest") &&
      kind.environment === environment.name
    );
  });
  const digests = new Set<Digest>([artifact.manifest.descriptor.digest]);
  for (const tag of tags.sort().slice(-MAX_ARTIFACTS)) {
    const found = await store.resolve(tag, options);
    if (found) digests.add(found.digest);
  }
  for (const digest of digests) {
    const record = await recordAbout(environment.name, digest, context, options);
    if (record === null) continue;
    throw new FloeError({
      code: "FLOE_LEDGER_MISSING",
      message: `${environment.name} has no ledger, and had one: the record ${record} of ${digest} is signed by somebody whom the manifest knows, and names it`,
      hint: `Restore floe-ledger.${environment.name} and floe-ev.${environment.name}.… from a copy. Adopting would hide that they were deleted.`,
      details: { environment: environment.name, record, digest },
    });
  }
}

async function recordAbout(
  environment: string,
  artifact: Digest,
  context: FloeContext,
  options: CallOptions,
): Promise<Digest | null> {
  const trusted = context.manifest.identities.map((identity) => identity.trusted);
  const bundles = (await context.store.referrers(artifact, options)).filter(
    ({ artifactType }) => artifactType === MEDIA_TYPES.sigstoreBundle,
  );
  for (const { digest } of bundles.slice(0, MAX_REFERRERS)) {
    const record = await readRecord(digest, artifact, trusted, context, options).catch(
      (cause: unknown) => {
        // Something else by somebody else.
        if (isFloeError(cause, "FLOE_RECORD_INVALID")) return null;
        throw cause;
      },
    );
    if (!record) continue;
    const { target_environment: to, source_environment: from, environment: at } = record.predicate;
    // What was promoted from there was in its ledger as well.
    if (record.predicate["ledger"] && [to, from, at].includes(environment)) return digest;
  }
  return null;
}
