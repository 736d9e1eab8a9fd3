import { readFileSync } from "node:fs";

/** The module for `node --import` that kills a process at a chosen write; plain, run by node as it is. */
export const crashPreloadUrl: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./crash-preload.ts" : "./crash-preload.js",
  import.meta.url,
);

/** A moment in a run: before or after the Nth write of a layout folder. */
export interface CrashPoint {
  /** From 1. */
  readonly at: number;
  readonly phase: "before" | "after";
}

/** The environment of a child process that will be killed, or only watched. */
export interface CrashEnvOptions {
  /** The layout folder whose writes count; it need not exist yet. */
  readonly dir: string;
  /** Where to write down the writes; read with {@link readCountedWrites}. */
  readonly countFile?: string;
  /** What the child's NODE_OPTIONS hold besides. Default: this process's own. */
  readonly nodeOptions?: string;
}

/**
 * Makes the variables, to be added to a child's environment, that end it by SIGKILL at a write. The program needs
 * no knowledge of it. A child that makes fewer writes ends as usual.
 */
export function crashEnv(options: CrashEnvOptions & CrashPoint): Record<string, string> {
  return { ...countEnv(options), FLOE_CRASH_AT: `${options.at}:${options.phase}` };
}

/** Makes the variables that let a child run to its end and only count its writes. */
export function countEnv(options: CrashEnvOptions): Record<string, string> {
  const before = options.nodeOptions ?? process.env["NODE_OPTIONS"] ?? "";
  return {
    NODE_OPTIONS: `${before} --import=${crashPreloadUrl.href}`.trimStart(),
    FLOE_CRASH_DIR: options.dir,
    FLOE_CRASH_AT: "",
    FLOE_CRASH_COUNT_FILE: options.countFile ?? "",
  };
}

/** Reads a count file: the destination of every write in order, relative to the folder; none if there is no file. */
export function readCountedWrites(countFile: string): string[] {
  try {
    return readFileSync(countFile, "utf8").split("\n").slice(0, -1);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Every moment at which a run of `writes` writes can be cut off around one. */
export function* crashPoints(writes: number): Generator<CrashPoint> {
  for (let at = 1; at <= writes; at += 1) {
    yield { at, phase: "before" };
    yield { at, phase: "after" };
  }
}
