import type { Bucket } from "./bucket.ts";

/** One version of one key, or the mark of a deletion. */
export interface KeyVersion {
  readonly key: string;
  readonly id: string;
  readonly isLatest: boolean;
  /** Bytes; `null`: it marks that the key was deleted. */
  readonly size: number | null;
}

/**
 * Every version below a prefix, by key. A bucket without versions has one of each.
 * @throws what the SDK throws
 */
export async function* listVersions(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<KeyVersion> {
  let markers: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } = {};
  for (;;) {
    const page = await bucket.ask(
      ({ sdk, client }, at, call) =>
        client.send(new sdk.ListObjectVersionsCommand({ ...at, Prefix: prefix, ...markers }), call),
      signal,
    );
    const found: KeyVersion[] = [];
    for (const { Key, VersionId, IsLatest, Size } of page.Versions ?? [])
      found.push(versionOf(Key, VersionId, IsLatest, Size ?? 0));
    for (const { Key, VersionId, IsLatest } of page.DeleteMarkers ?? [])
      found.push(versionOf(Key, VersionId, IsLatest, null));
    // The two kinds come apart, and a key may have both.
    yield* found.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return;
    markers = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextVersionIdMarker === undefined
        ? {}
        : { VersionIdMarker: page.NextVersionIdMarker }),
    };
  }
}

function versionOf(
  key: string | undefined,
  id: string | undefined,
  isLatest: boolean | undefined,
  size: number | null,
): KeyVersion {
  return { key: key ?? "", id: id ?? "null", isLatest: isLatest ?? false, size };
}
