import type { Descriptor, Digest } from "@floe/core/model";
import { type ArtifactInput, buildArtifact } from "./build-artifact.ts";

/** An artifact as it was pushed. */
export interface PushedArtifact {
  readonly digest: Digest;
  /** The manifest. */
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly descriptor: Descriptor;
}

/** The registry to push to: a test registry, or the URL of any other one. */
export interface PushTarget {
  /** `http://host:port`. */
  readonly url: string;
  /** The `Authorization` header to send; default none. */
  authorization?(): string | null;
}

/**
 * Builds an artifact and pushes it with nothing but the protocol (POST and PUT for each blob, PUT for the
 * manifest), so that a test does not rest on the client that it tests. The default layer names repository and
 * tag, so that artifacts under different tags differ.
 *
 * @param tag `null`: under its digest only
 * @throws {Error} the registry refused a part
 */
export async function pushArtifact(
  registry: PushTarget,
  repository: string,
  tag: string | null,
  input: ArtifactInput = {},
): Promise<PushedArtifact> {
  const built = buildArtifact({ layers: [{ content: `${repository}:${tag}` }], ...input });
  const authorization = registry.authorization?.() ?? null;
  const send = async (method: string, path: string, body?: Uint8Array, type?: string) => {
    const answer = await fetch(new URL(path, registry.url), {
      method,
      headers: {
        ...(authorization === null ? {} : { authorization }),
        ...(type === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { body: Uint8Array.from(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return answer;
  };
  for (const { descriptor, bytes } of built.blobs) {
    const started = await send("POST", `/v2/${repository}/blobs/uploads/`);
    const location = new URL(started.headers.get("location") ?? "", started.url);
    location.searchParams.set("digest", descriptor.digest);
    await send("PUT", location.href, bytes, "application/octet-stream");
  }
  const { descriptor, bytes, mediaType } = built;
  const reference = tag ?? descriptor.digest;
  await send("PUT", `/v2/${repository}/manifests/${reference}`, bytes, mediaType);
  return { digest: descriptor.digest, bytes, mediaType, descriptor };
}
