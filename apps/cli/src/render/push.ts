import type { PreparedPush } from "../push-files.ts";

/** What a push is printed as with `-o json`. */
export function pushJson(
  { manifest, layers }: PreparedPush,
  names: { readonly digest: string; readonly tag: string; readonly repository: string },
) {
  return {
    success: true,
    ...names,
    media_type: manifest.mediaType,
    size: manifest.bytes.byteLength,
    files: layers.map(({ title, descriptor: { digest, size, mediaType } }) => ({
      ...{ title, digest, size, media_type: mediaType },
    })),
  };
}
