import { open, rename, rm } from "node:fs/promises";
import { FloeError, isFloeError } from "@floe/core";
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
  /**
   * Writes the report; nothing is asked to make one where nobody wants it.
   * @throws {FloeError} FLOE_USAGE_INVALID - the file cannot be written any more
   */
  write(make: () => EnforcementReport): Promise<void>;
  /** Writes the report of what was done or refused all the same; says why it could not, or `null`. */
  tryWrite(make: () => EnforcementReport): Promise<string | null>;
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
  if (path === undefined) return NO_FILE;
  // Whoever reads it meanwhile sees the old file or the new one.
  const unfinished = `${path}.${process.pid}.tmp`;
  const file = await open(unfinished, "w").catch((cause: unknown) => {
    throw cannotWrite(path, flag, cause);
  });
  const write = async (make: () => EnforcementReport): Promise<void> => {
    const { writeReport } = await import("@floe/policy/report");
    const text = await writeReport(make(), format ?? formatOf(path));
    try {
      await file.writeFile(text);
      await rename(unfinished, path);
    } catch (cause) {
      throw cannotWrite(path, flag, cause);
    }
  };
  return {
    write,
    async tryWrite(make) {
      try {
        await write(make);
        return null;
      } catch (cause) {
        if (!isFloeError(cause, "FLOE_USAGE_INVALID")) throw cause;
        return `the report was not written: ${cause.message}`;
      }
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      await rm(unfinished, { force: true });
    },
  };
}

const NO_FILE: ReportFile = {
  write: async () => {},
  tryWrite: async () => null,
  async [Symbol.asyncDispose]() {},
};

function cannotWrite(path: string, flag: string, cause: unknown): FloeError {
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${path} cannot be written: ${cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)}`,
    hint: `Give ${flag} a file in a folder that is there.`,
    cause,
  });
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
