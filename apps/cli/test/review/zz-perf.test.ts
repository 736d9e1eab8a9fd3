import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLayoutStore } from "@floe/oci";
import { writeFileSync, mkdirSync, existsSync } from "node:fs";
import { createHash } from "node:crypto";
import { test } from "vitest";
import { aWorld, go, leaf } from "./a-world.ts";
import { canonicalJson } from "@floe/core/model";

test("perf", { timeout: 600000 }, async () => {
  await using world = await aWorld();
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");
  const dir = mkdtempSync(join(tmpdir(), "perf-"));
  const folder = createLayoutStore({ path: dir, create: true });
  await folder.putBlob({ mediaType: "x", digest: ("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a") as never, size: 2 }, new TextEncoder().encode("{}"), go);
  const [g, , o] = await world.events("dev");
  const base = o as any;
  const put = (bytes: Uint8Array) => { const d = createHash("sha256").update(bytes).digest("hex"); mkdirSync(join(dir, "blobs/sha256"), { recursive: true }); if (!existsSync(join(dir, "blobs/sha256", d))) writeFileSync(join(dir, "blobs/sha256", d), bytes); return d; };
  const manifests: any[] = [];
  const add = (tag: string, bytes: Uint8Array) => {
    const inline = bytes.length <= 4096;
    const m = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "application/vnd.floe.ledger.event.v1+json", config: { mediaType: "application/vnd.oci.empty.v1+json", digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", size: 2 }, layers: [{ mediaType: "application/vnd.oci.empty.v1+json", digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", size: 2 }], annotations: { "dev.floe.event.seq": "1", "dev.floe.event": new TextDecoder().decode(bytes) } };
    if (!inline) throw new Error("big");
    const mb = new TextEncoder().encode(JSON.stringify(m));
    manifests.push({ mediaType: m.mediaType, artifactType: m.artifactType, digest: "sha256:" + put(mb), size: mb.length, annotations: { "org.opencontainers.image.ref.name": tag } });
  };
  add("floe-ledger.dev", g!.bytes); 
  add("floe-ev.dev.000000000000", g!.bytes);
  let prev = g!.hash;
  for (let seq = 1; seq <= 10000; seq++) {
    const event = { ...base.event, seq, prev, size: seq + 1, id: "i" + seq, kind: "unlock", body: { reason: "x" }, state: { ...base.event.state } };
    const st = { _type: "https://in-toto.io/Statement/v1", subject: [{ name: "x", digest: { sha256: "0".repeat(64) } }], predicateType: "https://floe.dev/attestation/event/v1", predicate: event };
    const bytes = await world.signers["release"]!.sign(new TextEncoder().encode(canonicalJson(st)), go);
    prev = leaf(bytes);
    add("floe-ev.dev." + String(seq).padStart(12, "0"), bytes);
  }
  writeFileSync(join(dir, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }));
  const time = async (name: string, run: (store: any) => Promise<unknown>) => {
    const store = createLayoutStore({ path: dir });
    const t = performance.now(); const r = await run(store); console.log(name, Math.round(performance.now() - t), Array.isArray(r) ? r.length : "");
  };
  for (let i = 0; i < 2; i++) {
    await time("status", (store) => world.floe({ store }).status({ environment: "dev" }));
    await time("history 10", (store) => world.floe({ store }).history({ environment: "dev", limit: 10 }));
    await time("history all", (store) => world.floe({ store }).history({ environment: "dev" }));
    await time("lock", (store) => world.floe({ store }).lock({ environment: "dev", reason: "x" }));
  }
});
