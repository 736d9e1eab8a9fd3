import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { buildArtifact, pushArtifact, startRegistry, type TestRegistry } from "../../src/index.ts";

const REPO = "acme/app";
const INDEX = "application/vnd.oci.image.index.v1+json";

function call(registry: TestRegistry, method: string, path: string, init: RequestInit = {}) {
  return fetch(new URL(path, registry.url), { method, redirect: "manual", ...init });
}

async function startUpload(registry: TestRegistry): Promise<string> {
  const started = await call(registry, "POST", `/v2/${REPO}/blobs/uploads/`);
  expect(started.status).toBe(202);
  return started.headers.get("location") ?? "";
}

describe("manifests", () => {
  test("a pushed artifact comes back byte for byte by tag and by digest", async () => {
    await using registry = await startRegistry();
    const pushed = await pushArtifact(registry, REPO, "v1");
    for (const reference of ["v1", pushed.digest]) {
      const got = await call(registry, "GET", `/v2/${REPO}/manifests/${reference}`);
      expect(new Uint8Array(await got.arrayBuffer())).toEqual(pushed.bytes);
      expect(got.headers.get("docker-content-digest")).toBe(pushed.digest);
      expect(got.headers.get("content-type")).toBe(pushed.mediaType);
      expect(got.headers.get("date")).toMatch(/GMT$/);
      const head = await call(registry, "HEAD", `/v2/${REPO}/manifests/${reference}`);
      expect(head.headers.get("content-length")).toBe(String(pushed.bytes.length));
    }
    expect(registry.tags(REPO)).toEqual({ v1: pushed.digest });
    expect(registry.blobCount(REPO)).toBe(2);
    expect(registry.writes).toBe(3);
  });

  test("a body with another digest than the path is refused", async () => {
    await using registry = await startRegistry();
    const { bytes, mediaType } = await pushArtifact(registry, REPO, "v1");
    const refused = await call(registry, "PUT", `/v2/${REPO}/manifests/${digestOf("other")}`, {
      body: Uint8Array.from(bytes),
      headers: { "content-type": mediaType },
    });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("DIGEST_INVALID");
  });

  test("a manifest whose blobs are missing is refused", async () => {
    await using registry = await startRegistry();
    const { bytes, mediaType } = buildArtifact();
    const refused = await call(registry, "PUT", `/v2/${REPO}/manifests/v1`, {
      body: Uint8Array.from(bytes),
      headers: { "content-type": mediaType },
    });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("MANIFEST_BLOB_UNKNOWN");
    expect(registry.tags(REPO)).toEqual({});
  });

  test("deleting a tag leaves the manifest, deleting a digest takes its tags along", async () => {
    await using registry = await startRegistry();
    const { digest } = await pushArtifact(registry, REPO, "v1");
    await call(registry, "DELETE", `/v2/${REPO}/manifests/v1`);
    expect(registry.tags(REPO)).toEqual({});
    expect(registry.manifest(REPO, digest)).not.toBeNull();
    await pushArtifact(registry, REPO, "v1");
    const deleted = await call(registry, "DELETE", `/v2/${REPO}/manifests/${digest}`);
    expect(deleted.status).toBe(202);
    expect(registry.tags(REPO)).toEqual({});
  });

  test.for([
    ["ecr", 400, "TAG_INVALID"],
    ["harbor", 412, "PRECONDITION"],
    ["docker-hub", 403, "DENIED"],
    ["acr", 405, "UNSUPPORTED"],
    ["acr-denied", 409, "DENIED"],
    ["artifact-registry", 400, "FAILED_PRECONDITION"],
    ["quay", 409, "TAG_IMMUTABLE"],
    ["gitlab", 403, "DENIED"],
    ["artifactory", 403, "DENIED"],
  ] as const)("an immutable tag is refused as %s does", async ([kind, status, code]) => {
    await using registry = await startRegistry({ immutableTags: /^v/, immutableAnswer: kind });
    const { digest } = await pushArtifact(registry, REPO, "v1");
    const { bytes, mediaType } = await pushArtifact(registry, REPO, "latest");
    const refused = await call(registry, "PUT", `/v2/${REPO}/manifests/v1`, {
      body: Uint8Array.from(bytes),
      headers: { "content-type": mediaType },
    });
    expect(refused.status).toBe(status);
    expect(await refused.text()).toContain(code);
    expect(registry.tags(REPO)["v1"]).toBe(digest);
    await pushArtifact(registry, REPO, "latest", { annotations: { a: "b" } });
    const deleted = await call(registry, "DELETE", `/v2/${REPO}/manifests/${digest}`);
    expect(deleted.status).toBe(status);
  });

  test("deletion can be off, and is refused as docker-registry does", async () => {
    await using registry = await startRegistry({ manifestDeletion: false, tagDeletion: false });
    const { digest } = await pushArtifact(registry, REPO, "v1");
    const manifest = await call(registry, "DELETE", `/v2/${REPO}/manifests/${digest}`);
    expect([manifest.status, await manifest.text()]).toEqual([
      405,
      expect.stringContaining("UNSUPPORTED"),
    ]);
    const tag = await call(registry, "DELETE", `/v2/${REPO}/manifests/v1`);
    expect([tag.status, await tag.text()]).toEqual([
      400,
      expect.stringContaining("DIGEST_INVALID"),
    ]);
  });

  test("a tag of a digest's form can be taken for the digest, as GitLab does", async () => {
    await using registry = await startRegistry({ selfResolvingTags: "absent" });
    const { digest } = await pushArtifact(registry, REPO, "v1");
    const tag = digest.replace(":", "-");
    const path = `/v2/${REPO}/manifests/${tag}`;
    const digestNow = async () =>
      (await call(registry, "HEAD", path)).headers.get("docker-content-digest");
    expect(await digestNow()).toBe(digest);
    const other = await pushArtifact(registry, REPO, tag);
    expect(await digestNow()).toBe(other.digest);
    registry.configure({ selfResolvingTags: "always" });
    expect(await digestNow()).toBe(digest);
  });
});

describe("blobs", () => {
  const content = new TextEncoder().encode("hello world");
  const digest = digestOf(content);

  test("chunks are taken in order, with the Location of the last answer", async () => {
    await using registry = await startRegistry({ absoluteLocations: true });
    const first = await startUpload(registry);
    const patched = await call(registry, "PATCH", first, {
      body: content.slice(0, 5),
      headers: { "content-range": "0-4" },
    });
    expect(patched.status).toBe(202);
    expect(patched.headers.get("range")).toBe("0-4");
    const next = patched.headers.get("location") ?? "";
    const outOfOrder = { body: content.slice(5), headers: { "content-range": "9-14" } };
    expect((await call(registry, "PATCH", next, outOfOrder)).status).toBe(416);
    expect((await call(registry, "PATCH", first, { body: "x" })).status).toBe(400);
    const status = await call(registry, "GET", next);
    expect([status.status, status.headers.get("range")]).toEqual([204, "0-4"]);
    const finished = await call(registry, "PUT", `${next}&digest=${digest}`, {
      body: content.slice(5),
      headers: { "content-range": "5-10" },
    });
    expect(finished.status).toBe(201);
    expect(registry.blob(REPO, digest)).toEqual(content);
  });

  test("a blob can be read from the middle, unless ranges are off", async () => {
    await using registry = await startRegistry();
    const path = `/v2/${REPO}/blobs/uploads/?digest=${digest}`;
    await call(registry, "POST", path, { body: content });
    const get = (range: string) =>
      call(registry, "GET", `/v2/${REPO}/blobs/${digest}`, { headers: { range } });
    const part = await get("bytes=6-");
    expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 6-10/11"]);
    expect(await part.text()).toBe("world");
    expect((await get("bytes=11-")).status).toBe(416);
    registry.configure({ blobRanges: false });
    const whole = await get("bytes=6-");
    expect([whole.status, await whole.text()]).toEqual([200, "hello world"]);
  });

  test("a registry's ways with chunks can be chosen", async () => {
    await using registry = await startRegistry({ chunkMinBytes: 4, chunkStatus: 204 });
    const begun = await call(registry, "POST", `/v2/${REPO}/blobs/uploads/`);
    expect(begun.headers.get("oci-chunk-min-length")).toBe("4");
    const patch = async (location: string, size: number, start = 0) => {
      const headers = { "content-range": `${start}-${start + size - 1}` };
      const answer = await call(registry, "PATCH", location, {
        body: content.slice(start, start + size),
        headers,
      });
      const { status } = answer;
      return { status, range: answer.headers.get("range"), next: answer.headers.get("location") };
    };
    const short = await patch(begun.headers.get("location") ?? "", 2);
    expect([short.status, short.range]).toEqual([204, "0-1"]);
    expect((await patch(short.next ?? "", 4, 2)).status).toBe(416);
    registry.configure({ chunkMinBytes: null, chunkLimitBytes: 3, chunkTakesBytes: 1 });
    expect((await patch(short.next ?? "", 4, 2)).status).toBe(416);
    expect((await patch(short.next ?? "", 3, 2)).range).toBe("0-2");
    registry.configure({ uploadStatus: false, uploadLimitBytes: 2 });
    expect((await call(registry, "GET", short.next ?? "")).status).toBe(400);
    expect(registry.uploadCount(REPO)).toBe(1);
    expect((await call(registry, "DELETE", short.next ?? "")).status).toBe(204);
    expect(registry.uploadCount(REPO)).toBe(0);
  });

  test("one POST with a digest stores a blob, and another repository mounts it", async () => {
    await using registry = await startRegistry();
    const path = `/v2/${REPO}/blobs/uploads/?digest=${digest}`;
    expect((await call(registry, "POST", path, { body: content })).status).toBe(201);
    const mount = `/v2/other/blobs/uploads/?mount=${digest}&from=${REPO}`;
    expect((await call(registry, "POST", mount)).status).toBe(201);
    const absent = `/v2/other/blobs/uploads/?mount=${digestOf("no")}&from=${REPO}`;
    expect((await call(registry, "POST", absent)).status).toBe(202);
    expect(registry.blobCount("other")).toBe(1);
    expect((await call(registry, "DELETE", `/v2/other/blobs/${digest}`)).status).toBe(202);
    expect((await call(registry, "HEAD", `/v2/other/blobs/${digest}`)).status).toBe(404);
  });

  test("a blob with another digest is refused and its upload is over", async () => {
    await using registry = await startRegistry();
    const location = await startUpload(registry);
    const put = `${location}&digest=${digestOf("other")}`;
    expect((await call(registry, "PUT", put, { body: content })).status).toBe(400);
    expect((await call(registry, "GET", location)).status).toBe(404);
    expect(registry.writes).toBe(0);
  });
});

describe("lists", () => {
  test("tags are sorted and paged with n, last and Link", async () => {
    await using registry = await startRegistry();
    for (const tag of ["c", "a", "b"]) await pushArtifact(registry, REPO, tag);
    const page = await call(registry, "GET", `/v2/${REPO}/tags/list?n=2`);
    expect(await page.json()).toEqual({ name: REPO, tags: ["a", "b"] });
    const link = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    const rest = await call(registry, "GET", link);
    expect(await rest.json()).toEqual({ name: REPO, tags: ["c"] });
    expect(rest.headers.has("link")).toBe(false);
    expect((await call(registry, "GET", "/v2/nowhere/tags/list")).status).toBe(404);
  });

  test("a list can be cut without a Link", async () => {
    await using registry = await startRegistry({ tagLinks: false });
    for (const tag of ["b", "a"]) await pushArtifact(registry, REPO, tag);
    const page = await call(registry, "GET", `/v2/${REPO}/tags/list?n=1`);
    expect([await page.json(), page.headers.has("link")]).toEqual([
      { name: REPO, tags: ["a"] },
      false,
    ]);
  });

  test("an unsorted list ignores n and last", async () => {
    await using registry = await startRegistry({ tagList: "unsorted" });
    for (const tag of ["c", "a"]) await pushArtifact(registry, REPO, tag);
    const page = await call(registry, "GET", `/v2/${REPO}/tags/list?n=1&last=b`);
    expect(await page.json()).toEqual({ name: REPO, tags: ["c", "a"] });
  });

  test("the referrers API lists, filters and pages", async () => {
    await using registry = await startRegistry({ referrersPageSize: 1 });
    const { descriptor } = await pushArtifact(registry, REPO, "v1");
    for (const type of ["x/a", "x/b", "x/b"]) {
      const annotations = { n: String(registry.writes) };
      const input = { subject: descriptor, artifactType: type, annotations };
      await pushArtifact(registry, REPO, null, input);
    }
    const path = `/v2/${REPO}/referrers/${descriptor.digest}?artifactType=x%2Fb`;
    const page = await call(registry, "GET", path);
    expect(page.headers.get("content-type")).toBe(INDEX);
    expect(page.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(page.headers.get("link")).toContain("artifactType=x%2Fb&page=1");
    expect(await page.json()).toMatchObject({ manifests: [{ artifactType: "x/b" }] });
  });

  test("without the referrers API there is a 404 and no OCI-Subject", async () => {
    await using registry = await startRegistry({ referrers: false });
    const { digest } = await pushArtifact(registry, REPO, "v1");
    const answer = await call(registry, "GET", `/v2/${REPO}/referrers/${digest}`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "text/plain"]);
  });
});

describe("authentication", () => {
  test("basic credentials are asked for and accepted", async () => {
    const auth = { kind: "basic", username: "me", password: "p:w" } as const;
    await using registry = await startRegistry({ auth });
    const asked = await call(registry, "GET", "/v2/");
    expect([asked.status, asked.headers.get("www-authenticate")]).toEqual([
      401,
      'Basic realm="floe test registry"',
    ]);
    await pushArtifact(registry, REPO, "v1");
    expect(Object.keys(registry.tags(REPO))).toEqual(["v1"]);
  });

  test("a token is good for its scope only, until it expires or is revoked", async () => {
    let now = new Date("2026-01-01T00:00:00Z");
    const auth = { kind: "bearer", username: "me", password: "pw" } as const;
    await using registry = await startRegistry({ auth, now: () => now });
    const asked = await call(registry, "PUT", `/v2/${REPO}/manifests/v1`);
    expect(asked.headers.get("www-authenticate")).toBe(
      `Bearer realm="${registry.url}/token",service="floe-test",scope="repository:${REPO}:pull,push"`,
    );
    const fetchToken = async () => {
      const path = `/token?service=floe-test&scope=repository:${REPO}:pull`;
      const headers = { authorization: `Basic ${btoa("me:pw")}` };
      const body = (await (await call(registry, "GET", path, { headers })).json()) as {
        token: string;
      };
      return { headers: { authorization: `Bearer ${body.token}` } };
    };
    const good = await fetchToken();
    expect((await call(registry, "GET", `/v2/${REPO}/tags/list`, good)).status).toBe(404);
    expect((await call(registry, "GET", "/v2/other/tags/list", good)).status).toBe(401);
    expect((await call(registry, "POST", `/v2/${REPO}/blobs/uploads/`, good)).status).toBe(401);
    now = new Date("2026-01-01T00:06:00Z");
    expect((await call(registry, "GET", `/v2/${REPO}/tags/list`, good)).status).toBe(401);
    const fresh = await fetchToken();
    registry.revokeTokens();
    expect((await call(registry, "GET", `/v2/${REPO}/tags/list`, fresh)).status).toBe(401);
  });
});

describe("hooks and faults", () => {
  test("the write hook is told before and after, and can close the connection", async () => {
    const seen: string[] = [];
    await using registry = await startRegistry({
      onWrite: ({ ordinal, phase }) => {
        seen.push(`${ordinal} ${phase}`);
        return ordinal === 3 && phase === "before" ? "drop" : undefined;
      },
    });
    await expect(pushArtifact(registry, REPO, "v1")).rejects.toThrow("fetch failed");
    expect(seen).toEqual(["1 before", "1 after", "2 before", "2 after", "3 before"]);
    expect(registry.writes).toBe(2);
    expect(registry.tags(REPO)).toEqual({});
  });

  test("each fault shows on the wire", async () => {
    await using registry = await startRegistry();
    const { digest, bytes } = await pushArtifact(registry, REPO, "v1");
    const path = `/v2/${REPO}/manifests/v1`;
    const get = () => call(registry, "GET", path);
    const match = { method: "GET", path };

    registry.faults.add({ match, action: { kind: "drop" } });
    await expect(get()).rejects.toThrow("fetch failed");
    registry.faults.add({ match, action: { kind: "truncate" } });
    await expect(get().then((answer) => answer.arrayBuffer())).rejects.toThrow();
    registry.faults.add({ match, action: { kind: "flip-byte" } });
    expect(digestOf(new Uint8Array(await (await get()).arrayBuffer()))).not.toBe(digest);
    const lie = digestOf("lie");
    registry.faults.add({ match, action: { kind: "content-digest", digest: lie } });
    expect((await get()).headers.get("docker-content-digest")).toBe(lie);
    registry.faults.add({
      match,
      action: { kind: "status", status: 429, retryAfter: 7 },
      after: 1,
    });
    expect((await get()).status).toBe(200);
    const limited = await get();
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(registry.faults.pending).toBe(0);

    registry.faults.add({ match: { method: "PUT" }, action: { kind: "drop-answer" } });
    const put = { body: Uint8Array.from(bytes), headers: { "content-type": "x/y" } };
    registry.configure({ validateManifests: false });
    await expect(call(registry, "PUT", `/v2/${REPO}/manifests/v2`, put)).rejects.toThrow();
    expect(registry.tags(REPO)["v2"]).toBe(digest);
  });

  test("a reset leaves nothing behind", async () => {
    await using registry = await startRegistry();
    await pushArtifact(registry, REPO, "v1");
    registry.plant(REPO, { bytes: new Uint8Array([1]), mediaType: "x/y", tag: "planted" });
    registry.removeTag(REPO, "v1");
    expect(Object.keys(registry.tags(REPO))).toEqual(["planted"]);
    registry.reset();
    expect([registry.repositories(), registry.requests, registry.writes]).toEqual([[], [], 0]);
  });

  test("a snapshot is what every restore begins with", async () => {
    await using registry = await startRegistry();
    const first = await pushArtifact(registry, REPO, "v1");
    const snapshot = registry.snapshot();
    for (const round of [1, 2]) {
      await pushArtifact(registry, REPO, `other${round}`);
      registry.removeTag(REPO, "v1");
      registry.restore(snapshot);
      expect(registry.tags(REPO)).toEqual({ v1: first.digest });
      expect([registry.blobCount(REPO), registry.requests, registry.writes]).toEqual([2, [], 0]);
      const got = await call(registry, "GET", `/v2/${REPO}/manifests/v1`);
      expect(new Uint8Array(await got.arrayBuffer())).toEqual(first.bytes);
    }
  });
});
