import { type FloeError, isFloeError } from "../errors/index.ts";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "../model/descriptor.ts";
import { digestHex, digestOf } from "../model/digest.ts";
import { probeTag } from "../model/tag.ts";
import type { ArtifactStore, CallOptions, ManifestInput } from "../ports/index.ts";
import { type DoctorFinding, findingsOf } from "./finding.ts";

/** What a repository was found to do; `null`: that was not found out. */
export interface RegistryTraits {
  readonly readable: boolean;
  readonly writable: boolean | null;
  /** How referrers are listed. */
  readonly referrers: "api" | "fallback" | null;
  /** Whether a tag can be set to something else. */
  readonly tagsMove: boolean | null;
  /** Whether tags can be deleted. */
  readonly deletes: boolean | null;
  /** Of eight who create the same tag at once, how many were told that they had; `null`: not raced. */
  readonly winners: number | null;
  /** What is there besides floe's: signatures of cosign in its old form. */
  readonly legacySignatures: boolean;
}

/** What a probe came to. */
export interface RegistryProbe {
  readonly traits: RegistryTraits;
  readonly findings: readonly DoctorFinding[];
}

/** How a repository is probed. */
export interface RegistryProbeOptions extends CallOptions {
  /** Also writes scratch objects, which are deleted afterwards where the registry lets them be. */
  readonly write: boolean;
  /** Hexadecimal, for the names of scratch tags. */
  readonly id: string;
}

const RACERS = 8;
const NOT_READABLE: RegistryTraits = {
  readable: false,
  writable: null,
  referrers: null,
  tagsMove: null,
  deletes: null,
  winners: null,
  legacySignatures: false,
};

/**
 * Finds out what a repository does, and whether floe may do there what it has to. Scratch tags are named `floe-probe.…`; nothing
 * that was there is touched.
 */
export async function probeRegistry(
  store: ArtifactStore,
  options: RegistryProbeOptions,
): Promise<RegistryProbe> {
  const is = findingsOf("registry", store.repository);
  const findings: DoctorFinding[] = [];
  const listed = await orError(() => store.listTags(options));
  if (isFloeError(listed)) return { traits: NOT_READABLE, findings: [is.failed("read", listed)] };
  findings.push(is.ok("read", `reachable, and its tags can be listed (${listed.length})`));
  const legacySignatures = listed.some((tag) => /^sha256-[0-9a-f]{64}\.(?:sig|att)$/.test(tag));
  const readable = { ...NOT_READABLE, readable: true, legacySignatures };
  if (!options.write) {
    const more = is.notChecked(
      "write",
      "whether floe may write there, and what its tags and referrers do, was not tried",
      "Run it without --read-only.",
    );
    return { traits: readable, findings: [...findings, more] };
  }
  const tag = (name: string): string => probeTag(`${options.id}.${name}`);
  const written = await orError(async () => {
    await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
    return await store.createTag(tag("tag"), scratch("one"), options);
  });
  if (isFloeError(written))
    return {
      traits: { ...readable, writable: false },
      findings: [...findings, is.failed("write", written)],
    };
  findings.push(is.ok("write", "manifests and tags can be written"));
  try {
    const referrers = await probeReferrers(store, options, findings);
    const tagsMove = await probeTags(store, tag("tag"), options, findings);
    const winners = await raceTags(store, tag("race"), options, findings);
    const deletes = await cleanUp(store, [tag("tag"), tag("race")], options, findings);
    const traits = { ...readable, writable: true, referrers, tagsMove, winners, deletes };
    return { traits, findings };
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    return {
      traits: { ...readable, writable: true },
      findings: [...findings, is.failed("behaviour", cause)],
    };
  }
}

async function probeReferrers(
  store: ArtifactStore,
  options: CallOptions,
  findings: DoctorFinding[],
): Promise<"api" | "fallback"> {
  const is = findingsOf("registry", store.repository);
  const subject = scratch("one");
  const digest = digestOf(subject.bytes);
  const referrer = scratch("referrer", {
    mediaType: subject.mediaType,
    digest,
    size: subject.bytes.byteLength,
  });
  await store.attach(referrer, options);
  const listed = await store.referrers(digest, options);
  if (!listed.some((one) => one.digest === digestOf(referrer.bytes))) {
    findings.push(
      is.fail(
        "referrers",
        "FLOE_REGISTRY_RESPONSE_INVALID",
        "what was attached to an artifact is not listed",
        "Use another registry: signatures and records could not be found there.",
      ),
    );
    return "api";
  }
  const fallback = (await store.resolve(`sha256-${digestHex(digest)}`, options)) !== null;
  findings.push(
    fallback
      ? is.warn(
          "referrers",
          "it has no referrers API: referrers are listed in an index under a tag, which takes more requests and can be overwritten by other tools",
          "It works; prefer a registry with the referrers API of distribution-spec 1.1.",
        )
      : is.ok("referrers", "it has the referrers API"),
  );
  return fallback ? "fallback" : "api";
}

async function probeTags(
  store: ArtifactStore,
  tag: string,
  options: CallOptions,
  findings: DoctorFinding[],
): Promise<boolean> {
  const is = findingsOf("registry", store.repository);
  const moved = await orError(() => store.moveTag(tag, scratch("two"), options));
  if (isFloeError(moved)) {
    if (moved.code !== "FLOE_TAG_IMMUTABLE") throw moved;
    findings.push(
      is.warn(
        "tags_move",
        "it lets no tag be set to something else",
        "Except latest-*, floe-cp.*, floe-hook.* and sha256-* from its rule for immutable tags; floe has to move them.",
      ),
    );
    return false;
  }
  findings.push(
    is.ok(
      "tags_move",
      "tags can be set to something else, by anybody who can push: floe never does so with versions, and audit drift tells who else did",
    ),
  );
  return true;
}

async function raceTags(
  store: ArtifactStore,
  tag: string,
  options: CallOptions,
  findings: DoctorFinding[],
): Promise<number> {
  const is = findingsOf("registry", store.repository);
  const racers = Array.from({ length: RACERS }, async (_, index) => {
    const { status } = await store.createTag(tag, scratch(`racer ${index}`), options);
    return status === "created";
  });
  const winners = (await Promise.all(racers)).filter(Boolean).length;
  const many = `of ${RACERS} who created one tag at once ${winners} believed that they had`;
  if (store.tagCreation === "atomic" && winners === 1)
    findings.push(is.ok("tag_race", `${many}: it serialises writers`));
  else if (store.tagCreation === "atomic")
    findings.push(
      is.fail(
        "tag_race",
        "FLOE_REGISTRY_RESPONSE_INVALID",
        `${many}, though it should have been one`,
        "Do not use it: two promotions at once could not be told apart.",
      ),
    );
  else
    findings.push(
      is.warn(
        "tag_race",
        `${many}: the protocol of registries has no way to create a tag exactly once, so a ledger there is advisory`,
        "Nothing is lost and races are told. For exactly one winner keep it elsewhere (promotion.audit in the manifest): backend: database where one machine promotes, backend: s3 or a postgres:// database_url where several do.",
      ),
    );
  return winners;
}

async function cleanUp(
  store: ArtifactStore,
  tags: readonly string[],
  options: CallOptions,
  findings: DoctorFinding[],
): Promise<boolean> {
  const is = findingsOf("registry", store.repository);
  const left: string[] = [];
  const fallback = `sha256-${digestHex(digestOf(scratch("one").bytes))}`;
  for (const tag of [...tags, fallback]) {
    const found = await store.resolve(tag, options);
    if (!found) continue;
    const deleted = await orError(async () => {
      await store.deleteTag(tag, options);
      if ((await store.resolve(tag, options)) !== null)
        await store.deleteManifest?.(found.digest, options);
    });
    if (isFloeError(deleted) || (await store.resolve(tag, options)) !== null) left.push(tag);
  }
  findings.push(
    left.length === 0
      ? is.ok("delete", "tags can be deleted; the scratch tags are gone again")
      : is.warn(
          "delete",
          `tags cannot be deleted: ${left.join(", ")} stay behind`,
          "They hold nothing of worth. floe needs no deletion but for floe artifact delete.",
        ),
  );
  return left.length === 0;
}

/** A manifest that holds nothing; each name gives another one. */
function scratch(
  name: string,
  subject?: { readonly mediaType: string; readonly digest: string; readonly size: number },
): ManifestInput {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.probe,
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    ...(subject ? { subject } : {}),
    annotations: { "dev.floe.probe": name },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return { bytes, mediaType: MEDIA_TYPES.ociManifest };
}

async function orError<Value>(work: () => Promise<Value>): Promise<Value | FloeError> {
  try {
    return await work();
  } catch (cause) {
    if (isFloeError(cause)) return cause;
    throw cause;
  }
}
