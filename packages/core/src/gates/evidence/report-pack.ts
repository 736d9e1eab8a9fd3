import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import * as z from "zod";
import type { GateReport } from "../../contract/index.ts";
import { type Descriptor, MEDIA_TYPES } from "../../model/descriptor.ts";
import { type Digest, digestOf, hasDigest, isDigest } from "../../model/digest.ts";
import { PARSE_ONCE } from "../../model/parse-once.ts";
import type { RecordedReport } from "../../model/records.ts";

/** Raw bytes of all reports of a gate that are kept. What is beyond is in the statement by its digest. */
const MAX_RAW_BYTES = 32 * 1024 * 1024;

/** Bytes of the packed reports: what a store gives whole. */
const MAX_PACKED_BYTES = 4 * 1024 * 1024;

const MAX_REPORTS = 1000;

/** Raw reports in one blob: gzip of `{ reports: [{ path, format, modified_at, content }] }`, `content` in base64. */
export interface ReportPack {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Reports as a statement names them, with those that are kept as they are. */
export interface PackedReports {
  readonly reports: readonly RecordedReport[];
  /** `null`: none is kept. */
  readonly pack: ReportPack | null;
}

/** Packs reports, the larger ones left out until what remains is within the limits. */
export async function packReports(reports: readonly GateReport[]): Promise<PackedReports> {
  const kept = new Set(withinRaw(reports));
  let pack: ReportPack | null = null;
  while (kept.size > 0) {
    pack = await packed(reports.filter((report) => kept.has(report)));
    if (pack.descriptor.size <= MAX_PACKED_BYTES) break;
    pack = null;
    kept.delete(largest([...kept]));
  }
  return {
    pack,
    reports: reports.map((report) => ({
      path: report.path,
      format: report.format,
      digest: digestOf(report.bytes),
      size: report.bytes.byteLength,
      modified_at: report.modifiedAt.toISOString(),
      kept: kept.has(report),
    })),
  };
}

function withinRaw(reports: readonly GateReport[]): GateReport[] {
  const smallFirst = reports.toSorted((a, b) => a.bytes.byteLength - b.bytes.byteLength);
  let total = 0;
  return smallFirst.slice(0, MAX_REPORTS).filter(({ bytes }) => {
    total += bytes.byteLength;
    return total <= MAX_RAW_BYTES;
  });
}

function largest(reports: readonly GateReport[]): GateReport {
  return reports.reduce((one, other) =>
    other.bytes.byteLength > one.bytes.byteLength ? other : one,
  );
}

async function packed(reports: readonly GateReport[]): Promise<ReportPack> {
  const text = JSON.stringify({
    reports: reports.map(({ path, format, modifiedAt, bytes }) => ({
      path,
      format,
      modified_at: modifiedAt.toISOString(),
      content: Buffer.from(bytes).toString("base64"),
    })),
  });
  const bytes = await promisify(gzip)(text);
  const descriptor = {
    mediaType: MEDIA_TYPES.gateReports,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  return { descriptor, bytes };
}

const Pack = z.object({
  reports: z.array(z.object({ path: z.string(), content: z.base64() })).max(MAX_REPORTS),
});

/**
 * Reads packed reports back: those that a signed statement names, with the very bytes that it names.
 * @returns what is wrong with the pack, in words, where it does not hold what the statement says
 */
export async function unpackReports(
  bytes: Uint8Array,
  recorded: readonly RecordedReport[],
): Promise<{ readonly reports: readonly GateReport[] } | { readonly problem: string }> {
  let parsed: z.infer<typeof Pack>;
  try {
    // Base64 takes four bytes for three.
    const maxOutputLength = 2 * MAX_RAW_BYTES;
    const text = (await promisify(gunzip)(bytes, { maxOutputLength })).toString("utf8");
    parsed = Pack.parse(JSON.parse(text), PARSE_ONCE);
  } catch {
    return { problem: "its packed reports cannot be read" };
  }
  const reports: GateReport[] = [];
  const rest = [...parsed.reports];
  for (const { path, format, digest, modified_at, kept } of recorded) {
    if (!kept) continue;
    const at = rest.findIndex((report) => report.path === path);
    const [found] = at === -1 ? [] : rest.splice(at, 1);
    const content = found && Uint8Array.from(Buffer.from(found.content, "base64"));
    if (!content || !hasDigest(content, digest))
      return { problem: `its report ${path} is not the one that was judged` };
    reports.push({ path, format, bytes: content, modifiedAt: new Date(modified_at) });
  }
  return { reports };
}

/** The blob of a statement's packed reports, as it says itself; `null`: none, or not one. */
export function packDescriptor(value: unknown): Descriptor | null {
  const { digest, size } = (value ?? {}) as { digest?: unknown; size?: unknown };
  return isDigest(digest) && typeof size === "number" && size <= MAX_PACKED_BYTES
    ? { mediaType: MEDIA_TYPES.gateReports, digest: digest as Digest, size }
    : null;
}
