import type { Logger } from "@floe/core";
import type { CopyProgress } from "@floe/oci";
import type { Copied, CopyResult } from "../copy-artifacts.ts";
import { formatBytes } from "./bytes.ts";
import { table } from "./table.ts";

/** How often the live line is written anew. */
const REFRESH_MS = 100;

/** What a copy is printed as with `-o json`. */
export function copyJson(
  { copies, promotions }: CopyResult,
  names: { readonly source: string; readonly destination: string; readonly all: boolean },
) {
  return {
    success: true,
    source: names.source,
    destination: names.destination,
    ...(names.all ? {} : { digest: copies[0]?.report.digest }),
    copies: copies.map(({ reference, report }) => ({
      reference,
      digest: report.digest,
      source_digest: report.sourceDigest,
      media_type: report.mediaType,
      tags: report.tags,
      manifests: report.manifests,
      blobs: report.blobs,
      bytes: report.bytes,
      referrers: report.referrers,
      foreign_layers: report.foreignLayers.map(({ digest, mediaType, size }) => ({
        ...{ digest, media_type: mediaType, size },
      })),
      warnings: report.warnings,
    })),
    ...(promotions ? { promotions: { tags: promotions.tags, events: promotions.events } } : {}),
  };
}

/** The digest alone; for several artifacts a table. */
export function copyText({ copies }: CopyResult, all: boolean): string {
  if (!all) return copies[0]?.report.digest ?? "";
  return table(
    ["TAG", "DIGEST"],
    copies.map(({ reference, report }) => [reference, report.digest]),
  );
}

/** What a copy came to, in one line. */
export function summarizeCopy(copies: readonly Copied[], destination: string): string {
  const sum = (of: (copied: Copied) => number): number =>
    copies.reduce((total, one) => total + of(one), 0);
  const manifests = sum(({ report }) => report.manifests.copied);
  const sent = sum(({ report }) => report.blobs.copied);
  const mounted = sum(({ report }) => report.blobs.mounted);
  const bytes = sum(({ report }) => report.bytes);
  const what = [
    count(manifests, "manifest"),
    `${count(sent, "blob")} (${formatBytes(bytes)})`,
    ...(mounted === 0 ? [] : [`${mounted} mounted`]),
  ].join(", ");
  return manifests + sent + mounted === 0
    ? `${destination} has everything already`
    : `${what} to ${destination}`;
}

/** What somebody should know of a copy that succeeded. */
export function copyWarnings({ copies, reserved }: CopyResult): string[] {
  return [
    ...copies.flatMap(({ report }) => report.warnings),
    ...copies.flatMap(({ report }) =>
      report.foreignLayers.map(
        ({ digest }) => `the layer ${digest} names another place and was not copied`,
      ),
    ),
    ...(reserved.length === 0
      ? []
      : [
          `${count(reserved.length, "tag")} left out that only promotions write: ${reserved.slice(0, 10).join(", ")}${reserved.length > 10 ? ", …" : ""}`,
        ]),
  ];
}

/** Says how far a copy is: a live line on a terminal, nothing in between elsewhere. */
export function copyProgress(
  logger: Logger,
  options: { readonly terminal: boolean; readonly now: () => number },
): (progress: CopyProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return ({ blobs, blobsTotal, bytes, bytesTotal }) => {
    const now = options.now();
    if (!options.terminal || now - last < REFRESH_MS) return;
    last = now;
    const message = `${formatBytes(bytes)} of ${formatBytes(bytesTotal)}, ${blobs} of ${count(blobsTotal, "blob")}`;
    logger.progress({ scope: "copy", phase: "update", message });
  };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
