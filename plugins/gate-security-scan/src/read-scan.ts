import type { GateReport } from "@floe/core/plugin";
import { cleanText, decodeText, parseJson } from "@floe/gate-kit";
import { VULNS } from "./readers/read-vulns.ts";
import { scanReaders } from "./readers/scan-readers.ts";
import { SCAN_FORMATS, type ScanFormat, type ScanReport } from "./scan-report.ts";

/**
 * Reads one report: by the format that the manifest names, or by its structure.
 *
 * @throws {Error} naming the file, when it is of no format that is read, or damaged.
 */
export function readScan(report: GateReport, defaultFormat: ScanFormat | "auto"): ScanReport {
  const wanted = report.attestation
    ? formatOf(report.attestation.predicateType)
    : report.format === "auto"
      ? defaultFormat
      : report.format;
  const { path, bytes } = report;
  const value = parseJson(path, decodeText(path, bytes, { fatal: true }));
  try {
    return chooseReader(wanted, value).read(value);
  } catch (cause) {
    // The cause is not kept: its stack and its message could show what the report holds.
    throw new Error(
      `cannot read ${cleanText(path)}: ${cause instanceof Error ? cleanText(cause.message, 600) : "it is damaged"}`,
    );
  }
}

function formatOf(predicateType: string): ScanFormat {
  if (predicateType === VULNS) return "vulns";
  throw new Error(`a ${cleanText(predicateType)} is not read`);
}

function chooseReader(wanted: string, value: unknown): (typeof scanReaders)[number] {
  if (wanted !== "auto") {
    const named = scanReaders.find(({ format }) => format === wanted);
    if (named) return named;
    throw new Error(
      `its format is given as "${wanted}"; what is read is ${SCAN_FORMATS.join(", ")}`,
    );
  }
  const found = scanReaders.find(({ matches }) => matches(value));
  if (found) return found;
  if (Array.isArray(value) && value.length === 0) {
    throw new Error(
      "it is an empty list, which says nothing of what was scanned; if gitleaks wrote it, set scanner_format: gitleaks",
    );
  }
  throw new Error(
    `it is not a report of a scanner that is known (${SCAN_FORMATS.join(", ")}); let the scanner write JSON`,
  );
}
