import { FloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, MEDIA_TYPES } from "@floe/core/model";
import type { ArtifactStore, CallOptions, ManifestInput } from "@floe/core/ports";
import type { RegistryAnswer, RegistryClient } from "./create-registry-client.ts";
import type { FallbackIndex } from "./fallback-index.ts";
import { describeReferrer } from "./fallback-manifest.ts";
import { parseObject, readDescriptor, readManifestJson } from "./manifest-json.ts";
import { describeManifest, type Manifests } from "./manifests.ts";
import { readPages } from "./read-pages.ts";
import type { Tags } from "./tags.ts";

/** How often the API is asked for a manifest that it does not list yet. */
const LISTING_ROUNDS = 5;
const LISTING_PAUSE_MS = 200;
/** So long a missing API is taken for missing: registries are upgraded under running processes. */
const ABSENT_FOR_MS = 60_000;

/** Finds and makes referrers: with the registry's API, or with the fallback tag where there is none. */
export type Referrers = Pick<ArtifactStore, "referrers" | "attach">;

/**
 * Makes the referrer requests of a repository. Whether there is an API is found out per repository and remembered; a
 * missing one is looked for again after a minute. What an API lists is taken at its word, what a fallback index lists
 * is looked at, since everybody who may push can write there.
 */
export function createReferrers(
  client: RegistryClient,
  parts: {
    readonly manifests: Manifests;
    readonly tags: Tags;
    readonly fallback: FallbackIndex;
  },
): Referrers {
  const { manifests, tags, fallback } = parts;
  let api: "unknown" | "present" | "absent" = "unknown";
  let absentSince = 0;
  /** There was no API before there was one: what was attached then may be in the fallback index only. */
  let wasAbsent = false;

  function isAbsent(): boolean {
    return api === "absent" && client.monotonicMs() - absentSince < ABSENT_FOR_MS;
  }

  /** Asks the API; `null` if there is none. */
  async function askApi(subject: Digest, options: CallOptions): Promise<Descriptor[] | null> {
    const first = {
      method: "GET",
      target: `referrers/${subject}`,
      access: "pull",
      headers: { accept: MEDIA_TYPES.ociIndex },
      accept: [200, 400, 404, 405, 406],
    } as const;
    const found = new Map<Digest, Descriptor>();
    for await (const page of readPages(client, first, options)) {
      if (!isIndexAnswer(page)) {
        if (found.size > 0 || api === "present") throw changedItsMind(page);
        // A repository that does not exist yet says nothing about the API.
        if (isUnknownName(page)) return null;
        api = "absent";
        absentSince = client.monotonicMs();
        wasAbsent = true;
        return null;
      }
      api = "present";
      for (const descriptor of readIndex(page)) found.set(descriptor.digest, descriptor);
    }
    return [...found.values()];
  }

  /** After a PUT: makes sure that the manifest is found, whatever the registry did with its subject. */
  async function makeFindable(
    subject: Digest,
    written: { readonly entries: readonly Descriptor[]; readonly acknowledged: boolean },
    options: CallOptions,
  ): Promise<void> {
    const { entries, acknowledged } = written;
    let missing: Descriptor | undefined;
    // An acknowledgement is news: the API may have appeared, or the repository only now exists.
    if (acknowledged && api === "absent") api = "unknown";
    // The header alone proves nothing before the API was seen once: Amazon ECR sent it without having one.
    if (acknowledged && api === "present") return;
    if (!isAbsent()) {
      for (let round = 1; round <= LISTING_ROUNDS; round += 1) {
        const listed = await askApi(subject, options);
        if (listed === null) break;
        missing = entries.find((entry) => !listed.some(({ digest }) => digest === entry.digest));
        if (missing === undefined) return;
        if (round < LISTING_ROUNDS) await client.clock.sleep(LISTING_PAUSE_MS * round, options);
      }
      if (api === "present" && missing) throw notListed(client, subject, missing);
    }
    await fallback.add(subject, entries, options);
  }

  return {
    async referrers(digest, options) {
      const listed = isAbsent() ? null : await askApi(digest, options);
      if (listed !== null && !wasAbsent) return listed;
      const kept =
        options.unread === true
          ? await fallback.list(digest, options)
          : await fallback.read(digest, options);
      const both = [...(listed ?? []), ...kept];
      return [...new Map(both.map((one) => [one.digest, one])).values()];
    },

    async attach(manifest, options) {
      const descriptor = describeManifest(manifest);
      const json = readManifestJson(manifest.bytes);
      if (!json?.subject) throw new TypeError("a manifest without subject cannot be attached");
      const subject = json.subject.digest;
      const acknowledged = await put(manifest, descriptor, options);
      const entries = [describeReferrer(descriptor, json)];
      for (const other of options.alongside ?? []) {
        const about = readManifestJson(other.bytes);
        if (about?.subject?.digest !== subject)
          throw new TypeError("a manifest of another subject cannot be attached alongside");
        entries.push(describeReferrer(describeManifest(other), about));
      }
      await makeFindable(subject, { entries, acknowledged: acknowledged === subject }, options);
      return descriptor;
    },
  };

  /** Writes the manifest and gives the `OCI-Subject` of the answer, if there was an answer. */
  async function put(
    manifest: ManifestInput,
    descriptor: Descriptor,
    { signal, tag, contentNamed }: Parameters<ArtifactStore["attach"]>[1],
  ): Promise<string | null> {
    if (tag === undefined) return (await manifests.putByDigest(manifest, { signal })).subject;
    const outcome = await tags.create(tag, manifest, {
      signal,
      ...(contentNamed === undefined ? {} : { contentNamed }),
    });
    if (outcome.status !== "taken") return outcome.subject;
    throw new FloeError({
      code: "FLOE_TAG_IMMUTABLE",
      message: `the tag ${tag} already holds ${outcome.digest}, not ${descriptor.digest}`,
      details: { tag, found: outcome.digest, wanted: descriptor.digest },
    });
  }
}

function isIndexAnswer(page: RegistryAnswer): boolean {
  const type = (page.headers["content-type"] ?? "").split(";")[0]?.trim();
  return page.status === 200 && type === MEDIA_TYPES.ociIndex;
}

function isUnknownName(page: RegistryAnswer): boolean {
  return page.status === 404 && new TextDecoder().decode(page.body).includes("NAME_UNKNOWN");
}

function readIndex(page: RegistryAnswer): Descriptor[] {
  const { manifests } = parseObject(page.body, page.label);
  const entries = manifests === null || manifests === undefined ? [] : manifests;
  if (!Array.isArray(entries)) throw invalid(page.label, "the list of referrers is no list");
  return entries.map((entry) => {
    const descriptor = readDescriptor(entry);
    if (descriptor === null) throw invalid(page.label, "a referrer in the list is no descriptor");
    return descriptor;
  });
}

function changedItsMind(page: RegistryAnswer): FloeError {
  return invalid(
    page.label,
    `the referrers API was there before and now answers ${page.status}; "none" would be a guess`,
  );
}

function notListed(client: RegistryClient, subject: Digest, entry: Descriptor): FloeError {
  return invalid(
    client.location.name,
    `${entry.digest} was stored, but the referrers API does not list it for ${subject}`,
  );
}

function invalid(label: string, reason: string): FloeError {
  return new FloeError({ code: "FLOE_REGISTRY_RESPONSE_INVALID", message: `${label}: ${reason}` });
}
