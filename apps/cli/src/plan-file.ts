import { open, rename, rm } from "node:fs/promises";
import { FloeError, type OperationOutcome, parsePlan, type SavedPlan, writePlan } from "@floe/core";
import { readDocument } from "./read-document.ts";

const MAX_BYTES = 4 * 1024 * 1024;

/** Reads the file given with `--plan`. @throws {FloeError} FLOE_PLAN_INVALID - not a saved plan */
export async function readPlan(path: string, signal: AbortSignal): Promise<SavedPlan> {
  return parsePlan(await readDocument(path, { maxBytes: MAX_BYTES, signal }), path);
}

/** A place where a plan is going to be saved. */
export interface PlanFile extends AsyncDisposable {
  /** Saves the plan of an outcome. One that is blocked is worth nothing, and leaves what was there. */
  save(outcome: OperationOutcome): Promise<void>;
}

/**
 * Makes sure that a plan can be saved, before anything is promoted.
 * @throws {FloeError} FLOE_USAGE_INVALID - the file cannot be written
 */
export async function openPlanFile(path: string | undefined): Promise<PlanFile> {
  if (path === undefined) return { save: async () => {}, async [Symbol.asyncDispose]() {} };
  // Whoever reads it meanwhile sees the old file or the new one.
  const unfinished = `${path}.${process.pid}.tmp`;
  const file = await open(unfinished, "w").catch((cause: unknown) => {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${path} cannot be written: ${cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)}`,
      hint: "Give --plan-out a file in a folder that is there.",
      cause,
    });
  });
  return {
    async save(outcome) {
      if (outcome.kind === "blocked") return;
      await file.writeFile(writePlan(outcome.plan));
      await rename(unfinished, path);
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      await rm(unfinished, { force: true });
    },
  };
}
