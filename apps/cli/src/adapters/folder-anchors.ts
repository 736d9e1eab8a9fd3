import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FloeError } from "@floe/core/errors";
import type { AnchorStore } from "@floe/core/plugin";
import { writeWhole } from "../files/write-whole.ts";

/** What a note may have, in bytes; a larger file is none. */
const MAX_NOTE_BYTES = 256 * 1024;

/**
 * A folder as a place for checkpoints: the newest of each environment is `ENV.checkpoint`. For a folder that is kept elsewhere,
 * under git or mounted; so one that is not there is not made.
 */
export function createFolderAnchors({
  path,
  pathAsWritten,
}: {
  /** Absolute. */
  readonly path: string;
  readonly pathAsWritten: string;
}): AnchorStore {
  const fileOf = (environment: string): string => join(path, `${environment}.checkpoint`);
  const unavailable = (message: string, hint: string, cause?: unknown): FloeError =>
    new FloeError({
      code: "FLOE_ANCHOR_UNAVAILABLE",
      message: `${pathAsWritten}: ${message}`,
      hint,
      details: { path },
      cause,
    });

  async function assertFolder(): Promise<void> {
    const found = await stat(path).catch((cause: unknown) => {
      throw unavailable(
        `the folder cannot be looked at (${codeOf(cause)})`,
        "Mount it, or make it: floe makes no folder for checkpoints, since it could be the place where another is to be mounted.",
        cause,
      );
    });
    if (!found.isDirectory())
      throw unavailable("it is no folder", "Name a folder in audit.anchors.");
  }

  return {
    location: pathAsWritten,
    async newest({ environment }, { signal }) {
      signal.throwIfAborted();
      await assertFolder();
      try {
        // Opening a pipe would wait for somebody to write into it.
        const found = await stat(fileOf(environment));
        if (found.isFile() && found.size <= MAX_NOTE_BYTES)
          return new Uint8Array(await readFile(fileOf(environment)));
      } catch (cause) {
        if (codeOf(cause) === "ENOENT") return null;
        throw unavailable(
          `${environment}.checkpoint cannot be read (${codeOf(cause)})`,
          "Let whoever runs floe read it.",
          cause,
        );
      }
      throw new FloeError({
        code: "FLOE_CHECKPOINT_INVALID",
        message: `${pathAsWritten}: ${environment}.checkpoint is no file, or larger than any checkpoint`,
        hint: "Find out who put it there; take one that you kept.",
      });
    },
    async put({ environment }, { note }, { signal }) {
      signal.throwIfAborted();
      await assertFolder();
      await writeWhole(fileOf(environment), note).catch((cause: unknown) => {
        throw unavailable(
          `${environment}.checkpoint cannot be written (${codeOf(cause instanceof Error ? cause.cause : cause)})`,
          "Make room, or let whoever runs floe write there, and run the same command again.",
          cause,
        );
      });
    },
  };
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
