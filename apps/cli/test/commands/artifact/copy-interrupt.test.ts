import { setTimeout as sleep } from "node:timers/promises";
import { digestOf } from "@floe/core/model";
import { type FaultAction, pushArtifact, startRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

const content = Buffer.alloc(300_000, "layer ");
const LAYER = digestOf(content);

// Row 38.
test.for<[string, NodeJS.Signals, "source" | "target", string, FaultAction]>([
  ["while a layer comes in", "SIGINT", "source", "GET", { kind: "stall-body" }],
  ["while a layer goes out", "SIGINT", "target", "PUT", { kind: "stall-upload" }],
  ["before the answer to a layer", "SIGINT", "target", "PUT", { kind: "stall" }],
  ["while a layer goes out", "SIGTERM", "target", "PUT", { kind: "stall-upload" }],
])(
  "artifact copy that is cut off %s by %s ends with 130, without a tag and without an open upload, and the next one succeeds",
  async ([, signal, side, method, action]) => {
    await using source = await startRegistry();
    await using target = await startRegistry();
    await using project = await aProject({ versions: [] });
    const artifact = { layers: [{ content }] };
    const { digest } = await pushArtifact(source, "acme/app", "v1.0.0", artifact);
    const registry = { source, target }[side];
    // Of the blobs only the layer is that long: the config is there at once.
    const path = side === "source" ? `/v2/acme/app/blobs/${LAYER}` : /blobs\/uploads\/.+/;
    const before = registry.requests.length;
    const isLayer = (request: { readonly method: string; readonly path: string }) =>
      request.method === method &&
      (typeof path === "string" ? request.path === path : path.test(request.path));
    registry.faults.add({ match: isLayer, action, times: 9 });
    const copy = ["artifact", "copy"].concat(
      [source, target].map(({ host }) => `oci://${host}/acme/app:v1.0.0`),
    );
    const { promise: started, resolve } = Promise.withResolvers<number>();
    const running = project.runWith({ started: resolve }, ...copy, "-o", "json");
    const pid = await started;
    while (!registry.requests.slice(before).some(isLayer)) await sleep(10);
    await sleep(100);
    process.kill(pid, signal);
    const run = await running;
    expect(run.code).toBe(130);
    expect(run.json).toMatchObject({ success: false, error: { code: "FLOE_INTERRUPTED" } });
    expect(target.tags("acme/app")).toEqual({});
    expect(target.blob("acme/app", LAYER)).toBeNull();
    expect(target.uploadCount("acme/app")).toBe(0);
    if (side === "target")
      expect(target.requests.map((request) => request.method)).toContain("DELETE");

    registry.faults.clear();
    await project.done(...copy);
    expect(target.tags("acme/app")).toEqual({ "v1.0.0": digest });
  },
);
