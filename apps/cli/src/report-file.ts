import { open, rename, rm } from "node:fs/promises";
import { FloeError } from "@floe/core";
import type { EnforcementReport, ReportFormat } from "@floe/policy/report";

/** What a report can be written as, for flags: the writers are loaded when one is wanted. */
export const REPORT_FORMATS = [
  "json",
  "sarif",
  "html",
  "junit",
] as const satisfies readonly ReportFormat[];

/** A place where a report is going to be written. */
export interface ReportFile extends AsyncDisposable {
  /** Writes the report; nothing is asked to make one where nobody wants it. */
  write(make: () => EnforcementReport): Promise<void>;
}

/**
 * Makes sure that a report can be written, before anything else is done.
 * @param flag - how the user names the path, for the message
 * @throws {FloeError} FLOE_USAGE_INVALID - the file cannot be written
 */
export async function openReportFile(
  path: string | undefined,
  format: ReportFormat | undefined,
  flag: string,
): Promise<ReportFile> {
  if (path === undefined) return { write: async () => {}, async [Symbol.asyncDispose]() {} };
  // Whoever reads it meanwhile sees the old file or the new one.
  const unfinished = `${path}.${process.pid}.tmp`;
  const file = await open(unfinished, "w").catch((cause: unknown) => {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${path} cannot be written: ${cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)}`,
      hint: `Give ${flag} a file in a folder that is there.`,
      cause,
    });
  });
  return {
    async write(make) {
      const { writeReport } = await import("@floe/policy/report");
      await file.writeFile(await writeReport(make(), format ?? formatOf(path)));
      await rename(unfinished, path);
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      await rm(unfinished, { force: true });
    },
  };
}

/** The format that a name stands for, where none is given: `.sarif`, `.html`, `.xml` (JUnit), else JSON. */
function formatOf(path: string): ReportFormat {
  const [, extension = ""] = /\.([a-z]+)$/i.exec(path) ?? [];
  const known: Readonly<Record<string, ReportFormat>> = {
    sarif: "sarif",
    html: "html",
    htm: "html",
    xml: "junit",
  };
  return known[extension.toLowerCase()] ?? "json";
}
