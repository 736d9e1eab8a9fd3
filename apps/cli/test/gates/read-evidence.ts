import { gunzipSync } from "node:zlib";
import type { ArtifactStore } from "@floe/core";
import type { Digest } from "@floe/core/model";
import { go } from "../review/a-world.ts";

/** A gate's evidence as anybody can read it from the registry, without any of floe's own reading code. */
export interface RawEvidence {
  readonly manifest: {
    readonly artifactType: string;
    readonly subject: { readonly digest: string };
    readonly annotations: Readonly<Record<string, string>>;
    readonly config: { readonly digest: Digest; readonly size: number; readonly mediaType: string };
    readonly layers: readonly { digest: Digest; size: number; mediaType: string }[];
  };
  readonly bundle: Uint8Array;
  readonly predicateType: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it.
  readonly predicate: any;
  /** The raw reports by path; empty where none is kept. */
  readonly reports: Readonly<Record<string, string>>;
}

/** Reads the evidence in a manifest. */
export async function readEvidence(store: ArtifactStore, digest: string): Promise<RawEvidence> {
  const raw = await store.getManifest(digest, go);
  if (!raw) throw new Error(`there is no ${digest}`);
  const manifest = JSON.parse(new TextDecoder().decode(raw.bytes)) as RawEvidence["manifest"];
  const [layer] = manifest.layers;
  if (!layer) throw new Error("it has no layer");
  const bundle = await store.getBlob(layer, go);
  const { dsseEnvelope } = JSON.parse(new TextDecoder().decode(bundle)) as {
    dsseEnvelope: { payload: string };
  };
  const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8")) as {
    predicateType: string;
    predicate: unknown;
  };
  const packed = manifest.config.mediaType.includes("gate-reports");
  const reports = packed
    ? (JSON.parse(gunzipSync(await store.getBlob(manifest.config, go)).toString("utf8")) as {
        reports: { path: string; content: string }[];
      })
    : { reports: [] };
  return {
    manifest,
    bundle,
    ...statement,
    reports: Object.fromEntries(
      reports.reports.map(({ path, content }) => [
        path,
        Buffer.from(content, "base64").toString("utf8"),
      ]),
    ),
  };
}
