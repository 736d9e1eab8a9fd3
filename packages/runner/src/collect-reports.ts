import { constants } from "node:fs";
import { lstat, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { FloeError } from "@floe/core/errors";
import type { GateReport } from "@floe/core/plugin";
import type { GateWorkspace, ReportPattern } from "@floe/core/ports";
import {
  displayPath,
  FOREIGN_FOLDERS,
  findReportFiles,
  type ReportRoots,
  staticFolder,
} from "./find-report-files.ts";
import { createSecretMask } from "./secret-mask.ts";

/** The largest report that floe reads, in bytes. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;

/** The most that floe reads for one gate, in bytes. */
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;

/**
 * File systems keep times less exactly than clocks give them: Linux to a timer tick, others to whole seconds. A file
 * that is older than `since` by no more than that may well be new.
 */
const TICK_MS = 20;

const MAX_NEARBY = 10;
const NEARBY_DEPTH = 4;
const NEARBY_ENTRIES = 5000;

type Collected = Awaited<ReturnType<GateWorkspace["collect"]>>;
type CollectOptions = Parameters<GateWorkspace["collect"]>[1];

/**
 * Reads the report files that match the patterns, in the order of the patterns and by path; a file that several match
 * is read once. Secrets are masked in their bytes.
 *
 * @throws {FloeError} FLOE_GATE_REPORT_UNREADABLE - when a file is larger than {@link MAX_REPORT_BYTES}, all together
 * are larger than {@link MAX_TOTAL_BYTES}, or a file cannot be read.
 */
export async function collectReports(
  dir: string,
  patterns: readonly ReportPattern[],
  options: CollectOptions,
): Promise<Collected> {
  const roots: ReportRoots = { dir, cwd: await realCwd(options.cwd) };
  const mask = createSecretMask(options.secrets);
  const seen = new Set<string>();
  const reports: GateReport[] = [];
  const stale: string[] = [];
  const refused: string[] = [];
  let total = 0;

  for (const { path: pattern, format } of patterns) {
    for (const { path, realPath } of await findReportFiles(pattern, roots, options)) {
      options.signal.throwIfAborted();
      const name = displayPath(path, roots);
      if (realPath === null) {
        refused.push(`${name} (symbolic link to a place outside, not followed)`);
        continue;
      }
      if (seen.has(realPath) || isOwn(realPath, dir)) continue;
      seen.add(realPath);
      const file = await readReport(realPath, name, options.signal);
      if (file === null) continue;
      if (isStale(file.modifiedAt, options.since)) {
        stale.push(name);
        continue;
      }
      total += file.bytes.byteLength;
      if (total > MAX_TOTAL_BYTES) {
        throw unreadable(name, `the reports of this gate are larger than ${MAX_TOTAL_BYTES} bytes`);
      }
      reports.push({ path: name, format, ...file, bytes: mask.bytes(file.bytes) });
    }
  }
  const nearby = reports.length > 0 ? [] : await findNearby(patterns, roots, options);
  return { reports, stale, nearby: [...refused, ...nearby].slice(0, MAX_NEARBY) };
}

/** Reads a file of the gate's folder that is no report; `null` where there is none. */
export async function readOwnFile(
  dir: string,
  name: string,
  options: {
    readonly signal: AbortSignal;
    readonly secrets: readonly string[];
    readonly maxBytes: number;
  },
): Promise<Uint8Array | null> {
  const path = join(dir, name);
  try {
    await lstat(path);
  } catch {
    return null;
  }
  const file = await readReport(path, name, options.signal, options.maxBytes);
  if (file === null) throw unreadable(name, "it is no plain file");
  return createSecretMask(options.secrets).bytes(file.bytes);
}

/** Whether a file is floe's and the command's business, and no report. */
function isOwn(realPath: string, dir: string): boolean {
  return dirname(realPath) === dir && basename(realPath).startsWith(".floe-");
}

async function realCwd(cwd: string): Promise<string> {
  try {
    return await realpath(cwd);
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_GATE_REPORT_UNREADABLE",
      message: `The working folder ${cwd}, in which reports are looked for, cannot be read.`,
      cause,
    });
  }
}

/** `null` for what is not a plain file: a folder, or a pipe that would be waited for. */
async function readReport(
  path: string,
  name: string,
  signal: AbortSignal,
  maxBytes = MAX_REPORT_BYTES,
): Promise<{ readonly bytes: Uint8Array; readonly modifiedAt: Date } | null> {
  try {
    await using file = await open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const { size, mtime } = await file.stat().then((status) => ({
      size: status.isFile() ? status.size : null,
      mtime: status.mtime,
    }));
    if (size === null) return null;
    if (size > maxBytes) {
      throw unreadable(name, `it has ${size} bytes, the limit is ${maxBytes}`);
    }
    signal.throwIfAborted();
    return { bytes: await file.readFile(), modifiedAt: mtime };
  } catch (cause) {
    if (cause instanceof FloeError || signal.aborted) throw cause;
    throw unreadable(name, "it cannot be read", cause);
  }
}

function unreadable(name: string, why: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_GATE_REPORT_UNREADABLE",
    message: `The report ${name} was not used: ${why}.`,
    hint: "Let the tool write less into its report, for example no captured output, or narrow the pattern.",
    details: { report: name },
    cause,
  });
}

function isStale(modifiedAt: Date, since: Date): boolean {
  const time = modifiedAt.getTime();
  const slack = time % 1000 === 0 ? 1000 : TICK_MS;
  return time < since.getTime() - slack;
}

/** Files that the user may have meant: all of the gate's folder, and files of the same kind elsewhere. */
async function findNearby(
  patterns: readonly ReportPattern[],
  roots: ReportRoots,
  options: CollectOptions,
): Promise<string[]> {
  const absolute = patterns.map(({ path }) => resolve(roots.cwd, path));
  const kinds = new Set(absolute.map((path) => extname(path)));
  const found = new Set<string>();
  for (const path of await listFiles(roots.dir, options.signal)) {
    found.add(displayPath(path, roots));
  }
  for (const folder of new Set([...absolute.map((path) => staticFolder(path, roots)), roots.cwd])) {
    for (const path of await listFiles(folder, options.signal)) {
      if (found.size >= MAX_NEARBY) return [...found];
      if (kinds.has(extname(path)) && !(await isOld(path, options.since))) {
        found.add(displayPath(path, roots));
      }
    }
  }
  return [...found];
}

async function isOld(path: string, since: Date): Promise<boolean> {
  try {
    return isStale((await stat(path)).mtime, since);
  } catch {
    return true;
  }
}

/** Plain files below a folder, nearest first, within bounds; nothing for a folder that cannot be read. */
async function listFiles(root: string, signal: AbortSignal): Promise<string[]> {
  const files: string[] = [];
  let level = [root];
  let entries = 0;
  for (let depth = 0; depth < NEARBY_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      signal.throwIfAborted();
      for (const entry of await readFolder(folder)) {
        entries += 1;
        if (entries > NEARBY_ENTRIES) return files;
        const path = join(folder, entry.name);
        if (entry.isFile()) files.push(path);
        else if (entry.isDirectory() && !FOREIGN_FOLDERS.includes(entry.name)) next.push(path);
      }
    }
    level = next;
  }
  return files;
}

async function readFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
