import { digestOf } from "@floe/core/model";
import {
  buildArtifact,
  type ImmutableAnswer,
  pushArtifact,
  type TestRegistry,
} from "@floe/testing";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const layers = [{ content: `${REPO}:null` }];

async function pushBlobs(registry: TestRegistry): Promise<void> {
  await pushArtifact(registry, REPO, null);
}

const first = buildArtifact({ layers });
const second = buildArtifact({ layers, annotations: { second: "yes" } });

const IMMUTABLE_ANSWERS: readonly ImmutableAnswer[] = [
  "ecr",
  "harbor",
  "docker-hub",
  "acr",
  "acr-denied",
  "artifact-registry",
  "quay",
  "gitlab",
  "artifactory",
];

describe("createTag", () => {
  test("looks, puts and looks again", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const before = opened.trace().length;
    const result = await opened.store.createTag("v1", first, { signal });
    const { artifactType: _, ...descriptor } = first.descriptor;
    expect(result).toEqual({ status: "created", descriptor });
    expect(opened.trace().slice(before)).toEqual([
      "HEAD manifests/v1",
      "PUT manifests/v1",
      "HEAD manifests/v1",
    ]);
  });

  test("says unchanged or taken and writes nothing", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    await opened.store.createTag("v1", first, { signal });
    const { writes } = opened.registry;
    const same = await opened.store.createTag("v1", first, { signal });
    expect(same.status).toBe("unchanged");
    const other = await opened.store.createTag("v1", second, { signal });
    expect(other).toEqual({ status: "taken", digest: first.descriptor.digest });
    expect(opened.registry.writes).toBe(writes);
  });

  test("is one PUT when the content is in the name", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const before = opened.trace().length;
    await opened.store.createTag("c", first, { signal, contentNamed: true });
    expect(opened.trace().slice(before)).toEqual(["PUT manifests/c"]);
  });

  // Row 41.
  test.for<ImmutableAnswer>(IMMUTABLE_ANSWERS)(
    "reads the refusal of an immutable tag by %s as taken or unchanged",
    async (immutableAnswer) => {
      await using opened = await openStore({ immutableTags: true, immutableAnswer });
      await pushBlobs(opened.registry);
      await opened.store.createTag("v1", first, { signal });
      const call = { signal, contentNamed: true };
      expect((await opened.store.createTag("v1", first, call)).status).toBe("unchanged");
      expect((await opened.store.createTag("v1", second, call)).status).toBe("taken");
    },
  );

  // Row 17.
  test("sees a rival who wrote between its look and its put", async () => {
    let plant: () => void = () => {};
    await using opened = await openStore({
      onWrite: ({ phase, path }) => {
        if (phase === "after" && path.endsWith("/v1")) plant();
      },
    });
    await pushBlobs(opened.registry);
    plant = () => opened.registry.plant(REPO, { ...second, tag: "v1" });
    const result = await opened.store.createTag("v1", first, { signal });
    expect(result).toEqual({ status: "taken", digest: second.descriptor.digest });
  });

  // Row 17.
  test("does not overwrite a rival who wrote after its look, where the registry guards the tag", async () => {
    await using opened = await openStore({ immutableTags: true });
    const { registry } = opened;
    await pushBlobs(registry);
    registry.faults.add({
      match: ({ method }) => {
        if (method === "PUT") registry.plant(REPO, { ...second, tag: "v1" });
        return false;
      },
      action: { kind: "drop" },
    });
    const result = await opened.store.createTag("v1", first, { signal });
    expect(result).toEqual({ status: "taken", digest: second.descriptor.digest });
    expect(registry.tags(REPO)["v1"]).toBe(second.descriptor.digest);
  });

  test("a refusal that has nothing to do with the tag stays an error", async () => {
    await using opened = await openStore();
    const error = await errorOf(opened.store.createTag("v1", first, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_REFUSED");
  });

  test("an answer that was lost after the write is looked up, not written again", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const { writes } = opened.registry;
    opened.registry.faults.add({ match: { method: "PUT" }, action: { kind: "drop-answer" } });
    const result = await opened.store.createTag("v1", first, { signal });
    expect(result.status).toBe("created");
    expect(opened.registry.writes).toBe(writes + 1);
  });

  test("a write whose last answer was lost is looked up as well", async () => {
    await using opened = await openStore({}, { retry: { maxAttempts: 1 } });
    await pushBlobs(opened.registry);
    const fault = (tag: string) =>
      opened.registry.faults.add({
        match: { method: "PUT", path: `/v2/${REPO}/manifests/${tag}` },
        action: { kind: "status", status: 502, apply: true },
      });
    fault("v1");
    expect((await opened.store.createTag("v1", first, { signal })).status).toBe("created");
    fault("latest");
    const moved = await opened.store.moveTag("latest", first, { signal });
    expect(moved).toEqual({ status: "moved", previous: null });
  });

  test("a write that did not land keeps the error of its last attempt", async () => {
    await using opened = await openStore({}, { retry: { maxAttempts: 1 } });
    await pushBlobs(opened.registry);
    const match = { method: "PUT" };
    opened.registry.faults.add({ match, action: { kind: "status", status: 502 }, times: 9 });
    for (const call of [
      opened.store.createTag("v1", first, { signal }),
      opened.store.moveTag("latest", first, { signal }),
    ]) {
      expect((await errorOf(call)).message).toContain("502");
    }
    expect(opened.registry.tags(REPO)).toEqual({});
  });

  // Row 41. Harbor answers 412 also for a vulnerable image, and then to HEAD as well.
  test("a refusal that cannot be looked into stays what it was", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const body =
      '{"errors":[{"code":"PROJECTPOLICYVIOLATION","message":"current image is vulnerable"}]}';
    const action = { kind: "status", status: 412, body } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action });
    opened.registry.faults.add({
      match: { method: "HEAD" },
      action: { ...action, body: "" },
      after: 1,
    });
    const error = await errorOf(opened.store.createTag("v1", first, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_REFUSED");
    expect(error.message).toContain("vulnerable");
  });

  // Row 41.
  test("a tag that is kept from being made at all is immutable", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const body = '{"errors":[{"code":"DENIED","message":"tag v1 is immutable"}]}';
    const action = { kind: "status", status: 403, body } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action });
    const call = opened.store.createTag("v1", first, { signal });
    expect(await codeOf(call)).toBe("FLOE_TAG_IMMUTABLE");
  });

  // Row 42.
  test("a repository that has to be made first is said to be missing", async () => {
    await using opened = await openStore();
    const body = '{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}';
    const action = { kind: "status", status: 404, body } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action, times: 9 });
    const error = await errorOf(opened.store.createTag("v1", first, { signal }));
    expect(error.code).toBe("FLOE_ARTIFACT_NOT_FOUND");
    expect(error.hint).toContain("created before");
    const config = { mediaType: "x/y", digest: digestOf("{}"), size: 2 };
    opened.registry.faults.clear();
    opened.registry.faults.add({ match: { method: "POST" }, action, times: 9 });
    const bytes = new TextEncoder().encode("{}");
    const blob = await errorOf(opened.store.putBlob(config, bytes, { signal }));
    expect(blob.hint).toContain("created before");
  });

  // Rows 17 and 18.
  test("a registry that holds something else than it was sent is found out", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const { digest } = second.descriptor;
    const lie = { kind: "content-digest", digest } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action: lie });
    const call = opened.store.createTag("v1", first, { signal });
    expect(await codeOf(call)).toBe("FLOE_DIGEST_MISMATCH");
    opened.registry.faults.add({ match: { method: "HEAD" }, action: lie, after: 1 });
    const result = await opened.store.createTag("v2", first, { signal });
    expect(result).toEqual({ status: "taken", digest });
  });

  test("a server error before the write leads to one more write", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const action = { kind: "status", status: 503 } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action });
    expect((await opened.store.createTag("v1", first, { signal })).status).toBe("created");
    expect(opened.registry.tags(REPO)["v1"]).toBe(first.descriptor.digest);
  });
});

describe("a tag whose rivals are kept out by other means", () => {
  test("is looked at before it is made, and never overwritten", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const before = opened.trace().length;
    const exclusive = { signal, exclusive: true };
    expect((await opened.store.createTag("v1", first, exclusive)).status).toBe("created");
    expect(opened.trace().slice(before)).toEqual(["HEAD manifests/v1", "PUT manifests/v1"]);
    expect((await opened.store.createTag("v1", first, exclusive)).status).toBe("unchanged");
    expect((await opened.store.createTag("v1", second, exclusive)).status).toBe("taken");
    expect(opened.registry.tags(REPO)["v1"]).toBe(first.descriptor.digest);
  });

  test("is moved without another look, and read back", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    await opened.store.moveTag("latest", first, { signal, expect: null, exclusive: true });
    const before = opened.trace().length;
    const { digest } = first.descriptor;
    const exclusive = { signal, expect: digest, exclusive: true };
    const moved = await opened.store.moveTag("latest", second, exclusive);
    expect(moved).toEqual({ status: "moved", previous: digest });
    expect(opened.trace().slice(before)).toEqual(["PUT manifests/latest", "HEAD manifests/latest"]);
  });

  test("is looked at when it is to stay where it is", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    await opened.store.moveTag("latest", first, { signal });
    const { digest } = first.descriptor;
    const stay = { signal, expect: digest, exclusive: true };
    const writes = opened.registry.writes;
    expect((await opened.store.moveTag("latest", first, stay)).status).toBe("unchanged");
    expect(opened.registry.writes).toBe(writes);
  });
});

describe("moveTag", () => {
  test("moves from where it is expected and says where it was", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const move = (artifact: typeof first, expect?: typeof first.descriptor.digest | null) =>
      opened.store.moveTag("latest", artifact, {
        signal,
        ...(expect === undefined ? {} : { expect }),
      });
    expect(await move(first, null)).toEqual({ status: "moved", previous: null });
    const { digest } = first.descriptor;
    expect(await move(first)).toEqual({ status: "unchanged", previous: digest });
    expect(await move(second, digest)).toEqual({ status: "moved", previous: digest });
    expect(await codeOf(move(first, digest))).toBe("FLOE_TAG_MOVED");
    expect(await codeOf(move(first, null))).toBe("FLOE_TAG_MOVED");
    expect(opened.registry.tags(REPO)["latest"]).toBe(second.descriptor.digest);
  });

  test("what somebody else has already moved to the same digest is where it should be", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    await opened.store.moveTag("latest", first, { signal });
    await opened.store.moveTag("latest", second, { signal });
    const { writes } = opened.registry;
    const { digest } = second.descriptor;
    for (const expected of [first.descriptor.digest, null]) {
      const moved = await opened.store.moveTag("latest", second, { signal, expect: expected });
      expect(moved).toEqual({ status: "unchanged", previous: digest });
    }
    expect(opened.registry.writes).toBe(writes);
  });

  test("reads back and finds somebody else's write", async () => {
    let plant: () => void = () => {};
    await using opened = await openStore({ onWrite: ({ phase }) => phase === "after" && plant() });
    await pushBlobs(opened.registry);
    plant = () => opened.registry.plant(REPO, { ...second, tag: "latest" });
    const call = opened.store.moveTag("latest", first, { signal });
    expect(await codeOf(call)).toBe("FLOE_TAG_MOVED");
  });

  test("does not write over somebody else after a lost answer", async () => {
    await using opened = await openStore();
    await pushBlobs(opened.registry);
    const path = `/v2/${REPO}/manifests/latest`;
    const action = { kind: "status", status: 500 } as const;
    opened.registry.faults.add({
      match: ({ method, path: asked }) => {
        if (method !== "PUT" || asked !== path) return false;
        opened.registry.plant(REPO, { ...second, tag: "latest" });
        return true;
      },
      action,
    });
    const call = opened.store.moveTag("latest", first, { signal });
    expect(await codeOf(call)).toBe("FLOE_TAG_MOVED");
    expect(opened.registry.tags(REPO)["latest"]).toBe(second.descriptor.digest);
  });

  // Row 41.
  test.for<ImmutableAnswer>(IMMUTABLE_ANSWERS)(
    "an immutable tag is an error with what to do, whatever %s says",
    async (immutableAnswer) => {
      await using opened = await openStore({ immutableTags: /^latest/, immutableAnswer });
      await pushBlobs(opened.registry);
      await opened.store.moveTag("latest", first, { signal });
      const error = await errorOf(opened.store.moveTag("latest", second, { signal }));
      expect(error.code).toBe("FLOE_TAG_IMMUTABLE");
      expect(error.hint).toContain("latest-*");
      expect(await codeOf(opened.store.deleteTag("latest", { signal }))).toBe("FLOE_TAG_IMMUTABLE");
    },
  );

  // Row 41.
  test("an immutable tag that somebody put on the same digest meanwhile is where it should be", async () => {
    await using opened = await openStore({ immutableTags: /^latest/ });
    const { registry } = opened;
    await pushBlobs(registry);
    registry.faults.add({
      match: ({ method }) => {
        if (method === "PUT") registry.plant(REPO, { ...first, tag: "latest" });
        return false;
      },
      action: { kind: "drop" },
    });
    const moved = await opened.store.moveTag("latest", first, { signal });
    expect(moved).toEqual({ status: "moved", previous: null });
  });
});

describe("listTags and deleteTag", () => {
  const tags = ["v1", "v2", "floe-rec.1", "Z", "a"];

  test.for([{ tagPageSize: 2 }, { tagPageSize: null }, { tagList: "unsorted" }] as const)(
    "lists every tag of a registry with %j, and those with a prefix",
    async (options) => {
      await using opened = await openStore(options);
      for (const tag of tags) await pushArtifact(opened.registry, REPO, tag);
      expect((await opened.store.listTags({ signal })).sort()).toEqual([...tags].sort());
      expect(await opened.store.listTags({ signal, prefix: "v" })).toEqual(["v1", "v2"]);
    },
  );

  // Row 39.
  test.for([10_000, 100_000])("lists %i tags, a thousand with each request", async (count) => {
    await using opened = await openStore();
    const { bytes, mediaType } = await pushArtifact(opened.registry, REPO, "v1");
    for (let n = 1; n < count; n += 1) {
      opened.registry.plant(REPO, { bytes, mediaType, tag: `v${1 + n}` });
    }
    const before = opened.trace().length;
    expect(new Set(await opened.store.listTags({ signal })).size).toBe(count);
    expect(opened.trace().length - before).toBe(count / 1000);
  });

  // Row 39.
  test.for([
    ["cuts its list and does not say so", { tagLinks: false }, 2500, 3],
    ["cuts its list where it ends", { tagLinks: false }, 2000, 3],
    ["gives everything whatever is asked", { tagList: "unsorted" }, 1000, 2],
  ] as const)("a registry that %s is not believed", async ([, options, count, requests]) => {
    await using opened = await openStore(options);
    const { bytes, mediaType } = await pushArtifact(opened.registry, REPO, "v1");
    for (let n = 1; n < count; n += 1) {
      opened.registry.plant(REPO, { bytes, mediaType, tag: `v${1 + n}` });
    }
    const before = opened.trace().length;
    expect(await opened.store.listTags({ signal })).toHaveLength(count);
    expect(opened.trace().length - before).toBe(requests);
  });

  // Row 39.
  test("pages without end are not followed for ever", async () => {
    await using opened = await openStore();
    let page = 0;
    opened.registry.faults.add({
      match: () => true,
      get action() {
        page += 1;
        const headers = { link: `</v2/${REPO}/tags/list?page=${page}>; rel=next` };
        return { kind: "status", status: 200, headers, body: '{"tags":["v1"]}' } as const;
      },
      times: 9999,
    });
    const call = opened.store.listTags({ signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(opened.trace()).toHaveLength(1000);
  });

  // Row 39.
  test("of several links the next one is followed, in one header or in two", async () => {
    await using opened = await openStore();
    const answer = (body: string, headers: Record<string, string> = {}) =>
      opened.registry.faults.add({
        match: {},
        action: { kind: "status", status: 200, headers, body },
      });
    const link = `</v2/${REPO}/tags/list>; rel="first", </v2/${REPO}/tags/list?page=2>; rel=next`;
    answer('{"tags":["a","b"]}', { link });
    answer('{"tags":["b","c"]}');
    expect(await opened.store.listTags({ signal })).toEqual(["a", "b", "c"]);
  });

  test("a repository that does not exist has no tags, but a strange 404 is an error", async () => {
    await using opened = await openStore();
    expect(await opened.store.listTags({ signal })).toEqual([]);
    const action = { kind: "status", status: 404, body: "<html>nothing here</html>" } as const;
    opened.registry.faults.add({ match: {}, action });
    const code = "FLOE_REGISTRY_RESPONSE_INVALID";
    expect(await codeOf(opened.store.listTags({ signal }))).toBe(code);
  });

  // Row 39.
  test.for([
    ["another host", '<http://127.0.0.1:1/v2/acme/app/tags/list>; rel="next"'],
    ["itself", '</v2/acme/app/tags/list?n=1000>; rel="next"'],
    ["a file", '<file:///etc/passwd>; rel="next"'],
  ] as const)("a next page that leads to %s is refused", async ([, link]) => {
    await using opened = await openStore();
    await pushArtifact(opened.registry, REPO, "v1");
    opened.registry.faults.add({
      match: {},
      action: { kind: "headers", headers: { link } },
      times: 9,
    });
    const code = "FLOE_REGISTRY_RESPONSE_INVALID";
    expect(await codeOf(opened.store.listTags({ signal }))).toBe(code);
  });

  // Row 39.
  test("no tags at all, and what is no tag, are left out", async () => {
    await using opened = await openStore();
    const headers = { "content-type": "application/json" };
    const answer = (body: string) =>
      opened.registry.faults.add({
        match: {},
        action: { kind: "status", status: 200, headers, body },
      });
    answer('{"name":"acme/app","tags":null}');
    expect(await opened.store.listTags({ signal })).toEqual([]);
    answer('{"tags":["ok","ok","\\u001b[2J","../x"]}');
    expect(await opened.store.listTags({ signal })).toEqual(["ok"]);
    answer('{"tags":[1]}');
    expect(await codeOf(opened.store.listTags({ signal }))).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  test("a deleted tag is gone, and deleting it again is no error", async () => {
    await using opened = await openStore();
    await pushArtifact(opened.registry, REPO, "v1");
    await opened.store.deleteTag("v1", { signal });
    await opened.store.deleteTag("v1", { signal });
    expect(opened.registry.tags(REPO)).toEqual({});
  });

  test("a registry that deletes no tags says so, as docker-registry does", async () => {
    await using opened = await openStore({ tagDeletion: false });
    await pushArtifact(opened.registry, REPO, "v1");
    const error = await errorOf(opened.store.deleteTag("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNSUPPORTED");
    expect(error.exitCode).toBe(5);
  });

  test("an immutable tag is not deleted", async () => {
    await using opened = await openStore({ immutableTags: true });
    await pushArtifact(opened.registry, REPO, "v1");
    expect(await codeOf(opened.store.deleteTag("v1", { signal }))).toBe("FLOE_TAG_IMMUTABLE");
  });
});
