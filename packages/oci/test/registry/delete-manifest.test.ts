import { digestOf } from "@floe/core/model";
import { type ImmutableAnswer, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;

describe("deleteManifest", () => {
  test("takes a manifest away with every tag that holds it", async () => {
    await using opened = await openStore();
    const { registry, store } = opened;
    const { digest, bytes, mediaType } = await pushArtifact(registry, REPO, "v1");
    registry.plant(REPO, { bytes, mediaType, tag: "latest" });
    const other = await pushArtifact(registry, REPO, "v2");
    expect(await store.deleteManifest?.(digest, { signal })).toBe(true);
    expect(registry.tags(REPO)).toEqual({ v2: other.digest });
    expect(await store.resolve(digest, { signal })).toBeNull();
    expect(await store.deleteManifest?.(digest, { signal })).toBe(false);
  });

  test("there was one, also when the answer that said so was lost", async () => {
    await using opened = await openStore();
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    opened.registry.faults.add({ match: { method: "DELETE" }, action: { kind: "drop-answer" } });
    expect(await opened.store.deleteManifest?.(digest, { signal })).toBe(true);
    expect(opened.registry.manifest(REPO, digest)).toBeNull();
  });

  test.for([
    { status: 405 },
    { status: 405, body: '{"errors":[{"code":"UNSUPPORTED","message":"unsupported"}]}' },
    { status: 400, body: '{"errors":[{"code":"UNSUPPORTED","message":"unsupported"}]}' },
    { status: 501 },
  ])("a registry that does not let it be done is unsupported: %j", async (answer) => {
    await using opened = await openStore();
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    const action = { kind: "status", ...answer } as const;
    opened.registry.faults.add({ match: { method: "DELETE" }, action });
    const call = opened.store.deleteManifest?.(digest, { signal }) ?? Promise.resolve();
    const error = await errorOf(call);
    expect([error.code, error.exitCode]).toEqual(["FLOE_REGISTRY_UNSUPPORTED", 5]);
    expect(error.cause).toBeInstanceOf(Error);
    expect(opened.registry.manifest(REPO, digest)).not.toBeNull();
  });

  // Row 41.
  test.for<ImmutableAnswer>(["acr", "harbor"])(
    "a manifest that %s keeps is immutable, not unsupported",
    async (immutableAnswer) => {
      await using opened = await openStore({ immutableTags: true, immutableAnswer });
      const { digest } = await pushArtifact(opened.registry, REPO, "v1");
      const call = opened.store.deleteManifest?.(digest, { signal }) ?? Promise.resolve();
      expect(await codeOf(call)).toBe("FLOE_TAG_IMMUTABLE");
    },
  );

  test("credentials without the right are an error of their own", async () => {
    await using opened = await openStore();
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 403 }, times: 9 });
    const call = opened.store.deleteManifest?.(digestOf("x"), { signal }) ?? Promise.resolve();
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_DENIED");
  });
});
