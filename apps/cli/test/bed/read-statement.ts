import { createPublicKey, verify } from "node:crypto";
import { go, type Project } from "./a-project.ts";
import type { Json } from "./floe.ts";

/** A signed record as anybody can read it from the registry, without any of floe's own reading code. */
export interface ReadStatement {
  /** The manifest that carries the record. */
  readonly manifest: Json;
  readonly statement: Json;
  readonly predicate: Json;
  /** Whether the DSSE signature verifies with the public key. */
  readonly verified: boolean;
}

/** Reads the record under a tag and checks its signature with a public key of the project. */
export async function readStatement(
  project: Project,
  tag: string,
  publicKey = "keys/release.pub",
): Promise<ReadStatement> {
  const raw = await project.store.getManifest(tag, go);
  if (!raw) throw new Error(`there is no ${tag}`);
  const manifest = JSON.parse(Buffer.from(raw.bytes).toString("utf8")) as {
    layers: { digest: string; size: number; mediaType: string }[];
  };
  const [layer] = manifest.layers;
  if (!layer) throw new Error(`${tag} has no layer`);
  const bundle = JSON.parse(
    project.read(`.floe/registry/blobs/${layer.digest.replace(":", "/")}`),
  ) as {
    dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
  };
  const { payload, payloadType, signatures } = bundle.dsseEnvelope;
  const body = Buffer.from(payload, "base64");
  // The pre-authentication encoding of the DSSE protocol, version 1.
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `),
    body,
  ]);
  const signature = Buffer.from(signatures[0]?.sig ?? "", "base64");
  const statement = JSON.parse(body.toString("utf8")) as Json;
  return {
    manifest,
    statement,
    predicate: statement["predicate"] as Json,
    verified: verify("sha256", signed, createPublicKey(project.read(publicKey)), signature),
  };
}
