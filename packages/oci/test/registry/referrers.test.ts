import { type Digest, digestOf, MEDIA_TYPES } from "@floe/core/model";
import { buildArtifact, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createRegistryStore } from "../../src/index.ts";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";
import {
  digestsOf,
  entriesOf,
  fallbackTag,
  plantList,
  pushSubject,
  referrer,
} from "./referrer-fixture.ts";

const signal = new AbortController().signal;

describe("with the referrers API", () => {
  test("the first attach confirms that the API is there, later ones believe OCI-Subject", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    const before = opened.trace().length;
    const one = referrer(subject, "one");
    const two = referrer(subject, "two");
    await opened.store.attach(one, { signal });
    await opened.store.attach(two, { signal, tag: "record-two" });
    expect(opened.trace().slice(before)).toEqual([
      `PUT manifests/${one.descriptor.digest}`,
      `GET referrers/${subject.digest}`,
      "HEAD manifests/record-two",
      "PUT manifests/record-two",
      "HEAD manifests/record-two",
    ]);
    const listed = await opened.store.referrers(subject.digest, { signal });
    expect(digestsOf(listed)).toEqual(digestsOf([one.descriptor, two.descriptor]));
    expect(listed[0]).toMatchObject({ artifactType: "x/record", annotations: { time: "now" } });
    expect(await opened.store.getManifest(two.descriptor.digest, { signal })).not.toBeNull();
    expect(Object.keys(opened.registry.tags(REPO)).sort()).toEqual(["record-two", "v1"]);
  });

  test("what is stored already is not written again when it is attached alongside", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    const one = referrer(subject, "one");
    const two = referrer(subject, "two");
    await opened.store.createTag("record-one", one, { signal, contentNamed: true });
    const before = opened.trace().length;
    await opened.store.attach(two, { signal, alongside: [one] });
    expect(opened.trace().slice(before)).toEqual([
      `PUT manifests/${two.descriptor.digest}`,
      `GET referrers/${subject.digest}`,
    ]);
    const listed = await opened.store.referrers(subject.digest, { signal });
    expect(digestsOf(listed)).toEqual(digestsOf([one.descriptor, two.descriptor]));
  });

  test("all pages are read", async () => {
    await using opened = await openStore({ referrersPageSize: 2 });
    const subject = await pushSubject(opened.registry);
    for (const name of ["1", "2", "3", "4", "5"]) {
      await opened.store.attach(referrer(subject, name), { signal });
    }
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(5);
  });

  test("an API without OCI-Subject is used when it lists what was attached", async () => {
    await using opened = await openStore({ subjectHeader: false });
    const subject = await pushSubject(opened.registry);
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(1);
    expect(Object.keys(opened.registry.tags(REPO))).toEqual(["v1"]);
  });

  test("an API that stores a referrer and never lists it is an error", async () => {
    await using opened = await openStore({ subjectHeader: false });
    const subject = await pushSubject(opened.registry);
    const body = `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","manifests":[]}`;
    const headers = { "content-type": MEDIA_TYPES.ociIndex };
    const action = { kind: "status", status: 200, headers, body } as const;
    opened.registry.faults.add({ match: { path: /referrers/ }, action, times: 99 });
    const call = opened.store.attach(referrer(subject, "one"), { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(opened.pauses.length).toBeGreaterThan(0);
  });

  test.for([
    [403, "FLOE_REGISTRY_DENIED"],
    [401, "FLOE_REGISTRY_UNAUTHORIZED"],
    [500, "FLOE_REGISTRY_UNAVAILABLE"],
    [429, "FLOE_REGISTRY_UNAVAILABLE"],
  ] as const)("trouble is never none: %i throws", async ([status, code]) => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    const fault = { match: { path: /referrers/ }, action: { kind: "status", status } } as const;
    opened.registry.faults.add({ ...fault, times: 99 });
    expect(await codeOf(opened.store.referrers(subject.digest, { signal }))).toBe(code);
  });

  // Row 40. Amazon ECR sent the header without listing anything.
  test("an OCI-Subject is believed only once the API has listed something", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    const body = `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","manifests":[]}`;
    const headers = { "content-type": MEDIA_TYPES.ociIndex };
    const action = { kind: "status", status: 200, headers, body } as const;
    opened.registry.faults.add({ match: { path: /referrers/ }, action, times: 2 });
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(opened.pauses).toEqual([200, 400]);
    opened.registry.faults.add({ match: { path: /referrers/ }, action, times: 99 });
    const call = opened.another().attach(referrer(subject, "two"), { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  // Row 40.
  test("no filter is asked for, so that none can be left out", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    await opened.store.referrers(subject.digest, { signal });
    expect(opened.registry.requests.at(-1)?.query).toBe("");
  });

  // Row 40.
  test.for([
    ["is cut off", { kind: "truncate" }, "FLOE_REGISTRY_UNAVAILABLE"],
    [
      "is a page of HTML",
      { kind: "status", status: 200, headers: { "content-type": "text/html" }, body: "<html>" },
      "FLOE_REGISTRY_RESPONSE_INVALID",
    ],
    ["is not found", { kind: "status", status: 404 }, "FLOE_ARTIFACT_NOT_FOUND"],
  ] as const)("a list whose second page %s is never taken for whole", async ([, action, code]) => {
    await using opened = await openStore({ referrersPageSize: 1 });
    const subject = await pushSubject(opened.registry);
    for (const name of ["1", "2", "3"]) {
      await pushArtifact(opened.registry, REPO, null, { subject, annotations: { name } });
    }
    const match = { path: /referrers/ };
    opened.registry.faults.add({ match, action, after: 1, times: 99 });
    expect(await codeOf(opened.store.referrers(subject.digest, { signal }))).toBe(code);
  });

  // Row 40.
  test("pages that lead in a circle are refused", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    const link = `</v2/${REPO}/referrers/${subject.digest}>; rel="next"`;
    const action = { kind: "headers", headers: { link } } as const;
    opened.registry.faults.add({ match: { path: /referrers/ }, action, times: 99 });
    const call = opened.store.referrers(subject.digest, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  // Row 40.
  test("an API that disappears in the middle is an error, not an empty list", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    await opened.store.attach(referrer(subject, "one"), { signal });
    opened.registry.configure({ referrers: false });
    const call = opened.store.referrers(subject.digest, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  test.for([
    ["is no list", '{"manifests":"x"}'],
    [
      "has a negative size",
      `{"manifests":[{"mediaType":"a/b","digest":"${digestOf("x")}","size":-1}]}`,
    ],
    ["has a bad digest", '{"manifests":[{"mediaType":"a/b","digest":"sha256:AB","size":1}]}'],
    ["is not JSON", "{"],
  ])("an answer that %s is refused", async ([, body]) => {
    await using opened = await openStore();
    const headers = { "content-type": MEDIA_TYPES.ociIndex };
    const action = { kind: "status", status: 200, headers, body: body ?? "" } as const;
    opened.registry.faults.add({ match: {}, action });
    const call = opened.store.referrers(digestOf("s"), { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  test("a manifest without subject is a caller's bug", async () => {
    await using opened = await openStore();
    const call = opened.store.attach(buildArtifact(), { signal });
    await expect(call).rejects.toThrow(TypeError);
  });

  test("a taken tag is not overwritten", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    await opened.store.attach(referrer(subject, "one"), { signal, tag: "record" });
    const call = opened.store.attach(referrer(subject, "two"), { signal, tag: "record" });
    expect(await codeOf(call)).toBe("FLOE_TAG_IMMUTABLE");
  });
});

describe("with the fallback tag", () => {
  test("the list is given as it stands to who reads the manifests", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    for (const name of ["a", "b", "c"])
      await opened.store.attach(referrer(subject, name), { signal });
    const unread = await opened.another().referrers(subject.digest, { signal, unread: true });
    const reader = opened.another();
    const before = opened.trace().length;
    await reader.referrers(subject.digest, { signal, unread: true });
    expect(opened.trace().slice(before)).toEqual([
      `GET referrers/${subject.digest}`,
      `GET manifests/${fallbackTag(subject.digest)}`,
    ]);
    expect(digestsOf(unread)).toEqual(
      digestsOf(await reader.referrers(subject.digest, { signal })),
    );
  });

  test("what is attached alongside is listed by the same write", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const one = referrer(subject, "one");
    const two = referrer(subject, "two");
    await opened.store.createTag("record-one", one, { signal, contentNamed: true });
    expect(entriesOf(opened.registry, subject)).toEqual([]);
    const before = opened.trace().length;
    await opened.store.attach(two, { signal, alongside: [one] });
    const lists = opened
      .trace()
      .slice(before)
      .filter((line) => line.startsWith("PUT"));
    expect(lists).toEqual([
      `PUT manifests/${two.descriptor.digest}`,
      `PUT manifests/${fallbackTag(subject.digest)}`,
    ]);
    const both = digestsOf([one.descriptor, two.descriptor]);
    expect(digestsOf(entriesOf(opened.registry, subject))).toEqual(both);
    expect(digestsOf(await opened.store.referrers(subject.digest, { signal }))).toEqual(both);
  });

  test("what is attached to something else cannot be listed alongside", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const other = await pushSubject(opened.registry, "v2");
    const call = opened.store.attach(referrer(subject, "one"), {
      signal,
      alongside: [referrer(other, "two")],
    });
    await expect(call).rejects.toThrow(TypeError);
  });

  test("an entry has type and annotations of its manifest, and the missing API is remembered", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const one = referrer(subject, "one");
    await opened.store.attach(one, { signal });
    const index = opened.registry.manifest(REPO, fallbackTag(subject.digest));
    expect(index?.mediaType).toBe(MEDIA_TYPES.ociIndex);
    expect(JSON.parse(Buffer.from(index?.bytes ?? []).toString())).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [{ ...one.descriptor, annotations: { name: "one", time: "now" } }],
    });
    const listed = await opened.store.referrers(subject.digest, { signal });
    expect(listed).toEqual([{ ...one.descriptor, annotations: { name: "one", time: "now" } }]);
    const asked = opened.trace().filter((line) => line.includes("referrers/"));
    expect(asked).toHaveLength(1);
  });

  test("without an artifact type the config's media type stands in", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const { artifactType: _, ...rest } = JSON.parse(
      Buffer.from(referrer(subject, "one").bytes).toString(),
    ) as Record<string, unknown>;
    const manifest = {
      bytes: Buffer.from(JSON.stringify(rest)),
      mediaType: MEDIA_TYPES.ociManifest,
    };
    await opened.store.attach(manifest, { signal });
    const [listed] = await opened.store.referrers(subject.digest, { signal });
    expect(listed?.artifactType).toBe(MEDIA_TYPES.empty);
  });

  test("eight writers at once, each a process of its own, keep all eight", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const all = Array.from({ length: 8 }, (_, at) => referrer(subject, String(at)));
    const uri = `oci://${opened.registry.host}/${REPO}`;
    await Promise.all(
      all.map(async (one) => {
        const store = createRegistryStore({ uri });
        await store.attach(one, { signal });
        await store[Symbol.asyncDispose]?.();
      }),
    );
    const listed = await opened.store.referrers(subject.digest, { signal });
    expect(digestsOf(listed)).toEqual(digestsOf(all.map(({ descriptor }) => descriptor)));
  });

  test("eight attaches through one store keep all eight", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const all = Array.from({ length: 8 }, (_, at) => referrer(subject, String(at)));
    await Promise.all(all.map((one) => opened.store.attach(one, { signal })));
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(8);
  });

  test("what others wrote into the index stays as it is", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const other = await pushArtifact(opened.registry, REPO, null, { subject });
    const entry = { ...other.descriptor, urls: ["https://example.com"], annotations: { a: "b" } };
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry] };
    const bytes = Buffer.from(JSON.stringify(index));
    const tag = fallbackTag(subject.digest);
    opened.registry.plant(REPO, { bytes, mediaType: MEDIA_TYPES.ociIndex, tag });
    await opened.store.attach(referrer(subject, "one"), { signal });
    const written = JSON.parse(
      Buffer.from(opened.registry.manifest(REPO, tag)?.bytes ?? []).toString(),
    ) as { manifests: unknown[] };
    expect(written.manifests).toHaveLength(2);
    expect(written.manifests).toContainEqual(entry);
  });

  // Row 40.
  test("an entry counts when its manifest says so itself, and is described by it", async () => {
    await using opened = await openStore({ referrers: false });
    const { registry } = opened;
    const subject = await pushSubject(registry);
    const other = await pushSubject(registry, "v2");
    const mine = referrer(subject, "mine");
    const strange = referrer(other, "strange");
    for (const manifest of [mine, strange]) registry.plant(REPO, manifest);
    const gone = { ...mine.descriptor, digest: digestOf("gone") };
    const lying = { ...mine.descriptor, artifactType: "x/lie", annotations: { name: "lie" } };
    plantList(registry, subject, [lying, strange.descriptor, other, gone, subject]);
    const listed = await opened.store.referrers(subject.digest, { signal });
    expect(listed).toEqual([{ ...mine.descriptor, annotations: { name: "mine", time: "now" } }]);
    const before = opened.trace().length;
    await opened.store.referrers(subject.digest, { signal });
    // Those that are known need not be fetched again: content never changes under a digest.
    expect(opened.trace().slice(before)).toEqual([
      `GET manifests/${fallbackTag(subject.digest)}`,
      `GET manifests/${gone.digest}`,
    ]);
  });

  test("a manifest that a list was judged by is not fetched again by who reads it next, but later it is", async () => {
    let now = 0;
    await using opened = await openStore({ referrers: false }, { monotonicMs: () => now });
    const { registry, store } = opened;
    const subject = await pushSubject(registry);
    const [one, two] = [referrer(subject, "one"), referrer(subject, "two")];
    for (const manifest of [one, two]) registry.plant(REPO, manifest);
    plantList(registry, subject, [one.descriptor, two.descriptor]);
    await store.referrers(subject.digest, { signal });
    const before = opened.trace().length;
    const read = async (digest: Digest) =>
      Buffer.from((await store.getManifest(digest, { signal }))?.bytes ?? []);
    expect(await read(one.descriptor.digest)).toEqual(Buffer.from(one.bytes));
    expect(opened.trace()).toHaveLength(before);
    expect(await read(one.descriptor.digest)).toEqual(Buffer.from(one.bytes));
    now += 2000;
    expect(await read(two.descriptor.digest)).toEqual(Buffer.from(two.bytes));
    expect(opened.trace().slice(before)).toEqual([
      `GET manifests/${one.descriptor.digest}`,
      `GET manifests/${two.descriptor.digest}`,
    ]);
  });

  // Row 40.
  test("an entry whose bytes were exchanged is an error", async () => {
    await using opened = await openStore({ referrers: false });
    const { registry } = opened;
    const subject = await pushSubject(registry);
    const mine = referrer(subject, "mine");
    registry.plant(REPO, mine);
    plantList(registry, subject, [mine.descriptor]);
    const match = { path: new RegExp(mine.descriptor.digest) };
    registry.faults.add({ match, action: { kind: "flip-byte", at: 20 }, times: 9 });
    const call = opened.store.referrers(subject.digest, { signal });
    expect(await codeOf(call)).toBe("FLOE_DIGEST_MISMATCH");
  });

  // Row 40.
  test("a list of more entries than can be fetched is an error", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const many = Array.from({ length: 2001 }, (_, at) => ({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(`${at}`),
      size: 4,
    }));
    plantList(opened.registry, subject, many);
    const call = opened.store.referrers(subject.digest, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(opened.trace().filter((line) => line.startsWith("GET manifests/"))).toHaveLength(1);
  });

  // Row 40: docker-registry answers 500 to whoever reads a tag in the instant in which it is written.
  test.for([
    [4, "is read again, since it is being written", null],
    [99, "for ever is an error", "FLOE_REGISTRY_UNAVAILABLE"],
  ] as const)("a list that is answered 500 %i times %s", async ([times, , code]) => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const path = `/v2/${REPO}/manifests/${fallbackTag(subject.digest)}`;
    opened.registry.faults.add({
      match: { method: "GET", path },
      action: { kind: "status", status: 500 },
      after: 1,
      times,
    });
    const attached = opened.store.attach(referrer(subject, "one"), { signal });
    if (code !== null) {
      expect(await codeOf(attached)).toBe(code);
      return;
    }
    const { digest } = await attached;
    const listed = await opened.another().referrers(subject.digest, { signal });
    expect(listed.map((one) => one.digest)).toEqual([digest]);
  });

  test("a write that a rival undid is done again", async () => {
    let undo: () => void = () => {};
    await using opened = await openStore({
      referrers: false,
      onWrite: ({ phase, path }) => phase === "after" && path.includes("sha256-") && undo(),
    });
    const subject = await pushSubject(opened.registry);
    let left = 3;
    undo = () => {
      left -= 1;
      if (left >= 0) opened.registry.removeTag(REPO, fallbackTag(subject.digest));
    };
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(1);
  });

  // Row 40.
  test("a registry that gives the subject for the tag has no referrers", async () => {
    await using opened = await openStore({ referrers: false });
    const { bytes, mediaType, digest } = await pushArtifact(opened.registry, REPO, "v1");
    opened.registry.plant(REPO, { bytes, mediaType, tag: fallbackTag(digest) });
    expect(await opened.store.referrers(digest, { signal })).toEqual([]);
  });

  // Row 40. GitLab
  test("a registry that gives the subject only while there is no list keeps one", async () => {
    await using opened = await openStore({ referrers: false, selfResolvingTags: "absent" });
    const subject = await pushSubject(opened.registry);
    expect(await opened.store.referrers(subject.digest, { signal })).toEqual([]);
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(1);
  });

  // Row 40. GitLab
  test("a registry that always gives the subject is an error with what to do, and the record is there by its tag", async () => {
    await using opened = await openStore({ referrers: false, selfResolvingTags: "always" });
    const subject = await pushSubject(opened.registry);
    const one = referrer(subject, "one");
    const error = await errorOf(opened.store.attach(one, { signal, tag: "one" }));
    expect(error.code).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(error.message).toContain(fallbackTag(subject.digest));
    expect(opened.registry.tags(REPO)["one"]).toBe(one.descriptor.digest);
    expect(await opened.store.referrers(subject.digest, { signal })).toEqual([]);
  });

  // Row 40.
  test("an image manifest under the tag is an error, and is not written over", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const tag = fallbackTag(subject.digest);
    const planted = opened.registry.plant(REPO, { ...buildArtifact(), tag });
    const call = opened.store.attach(referrer(subject, "one"), { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(opened.registry.tags(REPO)[tag]).toBe(planted);
  });

  test("something else under the tag is an error", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    opened.registry.plant(REPO, { ...buildArtifact(), tag: fallbackTag(subject.digest) });
    const call = opened.store.referrers(subject.digest, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  // Row 40.
  test.for([
    [{ status: 200, headers: { "content-type": "text/html" }, body: "<html>" }],
    [{ status: 400 }],
    [{ status: 405 }],
    [{ status: 406 }],
  ] as const)("an API that answers %j is no API", async ([answer]) => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const action = { kind: "status", ...answer } as const;
    opened.registry.faults.add({ match: { path: /referrers/ }, action, times: 99 });
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(1);
  });

  // Row 40.
  test("an OCI-Subject without an API behind it is not believed", async () => {
    await using opened = await openStore({ referrers: false, subjectHeader: true });
    const subject = await pushSubject(opened.registry);
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(await opened.another().referrers(subject.digest, { signal })).toHaveLength(1);
  });

  // Row 40.
  test("an immutable index tag is an error with what to do, and the record is there by its tag", async () => {
    await using opened = await openStore({ referrers: false, immutableTags: true });
    const subject = await pushSubject(opened.registry);
    await opened.store.attach(referrer(subject, "one"), { signal, tag: "one" });
    const two = referrer(subject, "two");
    const error = await errorOf(opened.store.attach(two, { signal, tag: "two" }));
    expect(error.code).toBe("FLOE_TAG_IMMUTABLE");
    expect(error.hint).toContain("sha256-*");
    expect(opened.registry.tags(REPO)["two"]).toBe(two.descriptor.digest);
  });
});

describe("an API that comes and goes", () => {
  // Row 40.
  test("appears: what was listed before and what is listed now are both found", async () => {
    await using opened = await openStore({ referrers: false });
    const { registry, store } = opened;
    const subject = await pushSubject(registry);
    const one = referrer(subject, "one");
    const two = referrer(subject, "two");
    await store.attach(one, { signal });
    registry.configure({ referrers: true });
    await store.attach(two, { signal });
    expect(entriesOf(registry, subject)).toHaveLength(1);
    // Registries that are upgraded do not always know of what they had before.
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [two.descriptor],
    });
    const headers = { "content-type": MEDIA_TYPES.ociIndex };
    const action = { kind: "status", status: 200, headers, body } as const;
    registry.faults.add({ match: { path: /referrers/ }, action, times: 9 });
    const listed = await store.referrers(subject.digest, { signal });
    expect(digestsOf(listed)).toEqual(digestsOf([one.descriptor, two.descriptor]));
  });

  // Row 40.
  test("is looked for again after a while by a reader that only reads", async () => {
    let now = 0;
    await using opened = await openStore({ referrers: false }, { monotonicMs: () => now });
    const { registry, store } = opened;
    const subject = await pushSubject(registry);
    expect(await store.referrers(subject.digest, { signal })).toEqual([]);
    registry.configure({ referrers: true });
    await opened.another().attach(referrer(subject, "one"), { signal });
    now += 59_000;
    expect(await store.referrers(subject.digest, { signal })).toEqual([]);
    now += 2000;
    expect(await store.referrers(subject.digest, { signal })).toHaveLength(1);
  });

  test("is known of one repository, not of the host", async () => {
    await using opened = await openStore();
    const { registry } = opened;
    const subject = await pushSubject(registry);
    const { digest } = await pushArtifact(registry, "acme/other", "v1");
    const action = { kind: "status", status: 404, body: "404 page not found" } as const;
    registry.faults.add({ match: { path: /acme\/other\/referrers/ }, action, times: 99 });
    const other = createRegistryStore({ uri: `oci://${registry.host}/acme/other` });
    expect(await other.referrers(digest, { signal })).toEqual([]);
    await other[Symbol.asyncDispose]?.();
    await opened.store.attach(referrer(subject, "one"), { signal });
    expect(entriesOf(registry, subject)).toEqual([]);
    expect(await opened.store.referrers(subject.digest, { signal })).toHaveLength(1);
  });
});
