import { FloeError } from "../../errors/index.ts";
import type { AppendedEvent, EventDraft, Ledger } from "../../ledger/ledger.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import {
  authorityDigest,
  authorityDocument,
  policyDigest,
  policyDocument,
} from "../../manifest/policy-digests.ts";
import { MEDIA_TYPES } from "../../model/descriptor.ts";
import { type Digest, digestOf } from "../../model/digest.ts";
import { pinTag } from "../../model/tag.ts";
import { uuidV7 } from "../../model/uuid.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";

/** What is pinned, as two digests. */
export interface Pin {
  readonly policy_digest: Digest;
  readonly authority_digest: Digest;
}

/** The tag of the manifest that keeps the documents of a pin in the repository. */
export function tagOfPin(environment: string, pin: Pin): string {
  return pinTag(environment, digestOf(`${pin.policy_digest}\n${pin.authority_digest}`));
}

/** Who pins, for the event. */
export interface Pinning {
  readonly reason: string;
  readonly traceId: string;
  readonly claimedOperator?: string | undefined;
}

/**
 * Pins an environment to what the manifest gives, or, where the manifest asks for no pin any more, ends it. The two documents
 * are stored first, so that whoever is asked later whether a change may be accepted can read who might do what. `null`:
 * somebody else was faster.
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - something else stands under the tag of these documents
 */
export async function pinPolicy(
  ledger: Ledger,
  before: Pin | null,
  pinning: Pinning,
  context: FloeContext,
  options: CallOptions,
): Promise<AppendedEvent | null> {
  const { environment } = ledger;
  const pins = environment.authorization?.pinPolicy === true;
  if (pins) await storeDocuments(environment, context, options);
  const draft: EventDraft<"policy"> = {
    kind: "policy",
    operation: uuidV7(context.store.now(), context.host.randomBytes(10)),
    subject: null,
    traceId: pinning.traceId,
    claimedOperator: pinning.claimedOperator,
    body: {
      policy_digest: policyDigest(environment),
      authority_digest: authorityDigest(environment),
      ...(pins ? {} : { unpins: true as const }),
      reason: pinning.reason,
    },
  };
  return await ledger.append(
    ({ state }) => (isSamePin(state.policy, before) ? draft : null),
    options,
  );
}

function isSamePin(a: Pin | null, b: Pin | null): boolean {
  return a?.policy_digest === b?.policy_digest && a?.authority_digest === b?.authority_digest;
}

async function storeDocuments(
  environment: EnvironmentConfig,
  { store }: FloeContext,
  options: CallOptions,
): Promise<void> {
  const policy = policyDocument(environment);
  const authority = authorityDocument(environment);
  for (const { descriptor, bytes } of [policy, authority])
    await store.putBlob(descriptor, bytes, options);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.pin,
    config: policy.descriptor,
    layers: [authority.descriptor],
  };
  const tag = tagOfPin(environment.name, {
    policy_digest: policy.descriptor.digest,
    authority_digest: authority.descriptor.digest,
  });
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const created = await store.createTag(
    tag,
    { bytes, mediaType: MEDIA_TYPES.ociManifest },
    options,
  );
  if (created.status !== "taken") return;
  throw new FloeError({
    code: "FLOE_TAG_IMMUTABLE",
    message: `${tag} holds ${created.digest}, which is not what ${environment.name} is about to be pinned to`,
    hint: "Somebody wrote the tag without floe. Find out who, and delete it where the registry allows that.",
  });
}
