import { digestOf, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import { buildArtifact, createMemoryStore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { rebuildReferrers } from "../../src/index.ts";
import { codeOf, openStore, REPO } from "./open-store.ts";
import {
  digestsOf,
  entriesOf,
  fallbackTag,
  plantList,
  pushSubject,
  referrer,
} from "./referrer-fixture.ts";

const signal = new AbortController().signal;

/** A repository without the API with two records of `v1`, both tagged and listed. */
async function openWithRecords() {
  const opened = await openStore({ referrers: false });
  const { registry, store } = opened;
  const subject = await pushSubject(registry);
  const records = [referrer(subject, "one"), referrer(subject, "two")];
  for (const [at, record] of records.entries()) {
    await store.attach(record, { signal, tag: `floe-rec.${at}` });
  }
  const digests = digestsOf(records.map(({ descriptor }) => descriptor));
  return {
    ...opened,
    subject,
    records,
    digests,
    tag: fallbackTag(subject.digest),
    rebuild: () => rebuildReferrers(opened.another(), { signal }),
    list: () => digestsOf(entriesOf(registry, subject)),
  };
}

describe("rebuildReferrers", () => {
  test("changes nothing when everything is listed", async () => {
    await using opened = await openWithRecords();
    const { writes } = opened.registry;
    expect(await opened.rebuild()).toEqual({
      subjects: 1,
      added: [],
      dropped: [],
      kept: 2,
      unreadable: [],
    });
    expect(opened.registry.writes).toBe(writes);
  });

  test("lists records again whose list is lost", async () => {
    await using opened = await openWithRecords();
    opened.registry.removeTag(REPO, opened.tag);
    const report = await opened.rebuild();
    expect(digestsOf(report.added)).toEqual(opened.digests);
    expect(report).toMatchObject({ subjects: 1, dropped: [], kept: 0 });
    expect(report.added[0]?.subject).toBe(opened.subject.digest);
    expect(opened.list()).toEqual(opened.digests);
    expect(await opened.rebuild()).toMatchObject({ added: [], kept: 2 });
  });

  test("lists what a racing writer dropped, and keeps what others wrote as it is", async () => {
    await using opened = await openWithRecords();
    const { registry, subject } = opened;
    const foreign = referrer(subject, "foreign");
    registry.plant(REPO, foreign);
    const entry = { ...foreign.descriptor, annotations: { by: "somebody" } };
    plantList(registry, subject, [entry]);
    const report = await opened.rebuild();
    expect(digestsOf(report.added)).toEqual(opened.digests);
    expect(report.kept).toBe(1);
    expect(entriesOf(registry, subject)).toContainEqual(entry);
    expect(opened.list()).toHaveLength(3);
  });

  test("takes out entries whose manifests are gone, and says which", async () => {
    await using opened = await openWithRecords();
    const { registry, subject, store } = opened;
    const untagged = referrer(subject, "untagged");
    await store.attach(untagged, { signal });
    await store.deleteManifest?.(untagged.descriptor.digest, { signal });
    const report = await opened.rebuild();
    const link = { subject: subject.digest, digest: untagged.descriptor.digest };
    expect(report).toEqual({ subjects: 1, added: [], dropped: [link], kept: 2, unreadable: [] });
    expect(opened.list()).toEqual(opened.digests);
    expect(registry.tags(REPO)[opened.tag]).toBeDefined();
  });

  test("finds the list of an artifact that nothing tagged is attached to any more", async () => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    const gone = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf("gone"), size: 4 };
    plantList(opened.registry, subject, [gone]);
    const report = await rebuildReferrers(opened.store, { signal });
    expect(report).toMatchObject({ subjects: 1, kept: 0, dropped: [{ digest: gone.digest }] });
    expect(entriesOf(opened.registry, subject)).toEqual([]);
  });

  test("does not lose what somebody attaches in the middle", async () => {
    await using opened = await openWithRecords();
    const { registry, subject } = opened;
    const late = referrer(subject, "late");
    registry.plant(REPO, late);
    const gone = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf("gone"), size: 4 };
    const now = entriesOf(registry, subject);
    plantList(registry, subject, [...now, gone]);
    let planted = false;
    registry.faults.add({
      match: ({ method, path }) => {
        // After the list was read and judged, before it is written.
        if (planted || method !== "HEAD" || !path.endsWith(gone.digest)) return false;
        planted = true;
        plantList(registry, subject, [...now, gone, late.descriptor]);
        return false;
      },
      action: { kind: "drop" },
    });
    const report = await opened.rebuild();
    expect(planted).toBe(true);
    expect(digestsOf(report.dropped)).toEqual([gone.digest]);
    expect(opened.list()).toEqual([...opened.digests, late.descriptor.digest].sort());
  });

  test("finds manifests inside tagged indexes", async () => {
    await using opened = await openStore({ referrers: false });
    const { registry } = opened;
    const subject = await pushSubject(registry);
    const inner = referrer(subject, "inner");
    registry.plant(REPO, inner);
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [inner.descriptor],
    };
    const bytes = Buffer.from(JSON.stringify(index));
    registry.plant(REPO, { bytes, mediaType: MEDIA_TYPES.ociIndex, tag: "bundle" });
    const report = await rebuildReferrers(opened.store, { signal });
    expect(digestsOf(report.added)).toEqual([inner.descriptor.digest]);
  });

  test("reports what it cannot read, and goes on", async () => {
    await using opened = await openWithRecords();
    const { registry } = opened;
    registry.plant(REPO, { bytes: Buffer.from("[]"), mediaType: "x/y", tag: "broken" });
    registry.removeTag(REPO, opened.tag);
    const report = await opened.rebuild();
    expect(report.added).toHaveLength(2);
    const code = "FLOE_REGISTRY_RESPONSE_INVALID";
    expect(report.unreadable).toEqual([{ reference: "broken", code }]);
  });

  test("trouble with the registry is no reason to leave something out", async () => {
    await using opened = await openWithRecords();
    const action = { kind: "status", status: 500 } as const;
    const match = { path: /floe-rec/ };
    opened.registry.faults.add({ match, action, times: 99 });
    expect(await codeOf(opened.rebuild())).toBe("FLOE_REGISTRY_UNAVAILABLE");
  });

  test("an immutable list is an error with what to do", async () => {
    await using opened = await openWithRecords();
    plantList(opened.registry, opened.subject, []);
    opened.registry.configure({ immutableTags: /^sha256-/ });
    expect(await codeOf(opened.rebuild())).toBe("FLOE_TAG_IMMUTABLE");
  });

  test("with the API, and in a store that computes referrers, there is nothing to write", async () => {
    await using opened = await openStore();
    const subject = await pushSubject(opened.registry);
    await opened.store.attach(referrer(subject, "one"), { signal, tag: "floe-rec.1" });
    const memory = createMemoryStore();
    const bytes = new TextEncoder().encode("{}");
    await memory.putBlob(EMPTY_DESCRIPTOR, bytes, { signal });
    const artifact = buildArtifact({ layers: [{ content: bytes }] });
    await memory.createTag("v1", artifact, { signal });
    const record = buildArtifact({ subject: artifact.descriptor, layers: [{ content: bytes }] });
    await memory.attach(record, { signal, tag: "floe-rec.1" });
    for (const store of [opened.store, memory]) {
      const before = store.stats.writes;
      const report = await rebuildReferrers(store, { signal });
      expect(report).toEqual({ subjects: 1, added: [], dropped: [], kept: 1, unreadable: [] });
      expect(store.stats.writes).toBe(before);
    }
  });
});
