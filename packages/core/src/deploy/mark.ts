import type { Pin } from "./pin.ts";

const MARK = /^# floe: (\S+) in (\S+)$/;

/** The comment behind a digest that floe wrote: what it is for people, and for floe whose it is. */
export function markOf({ version, environment }: Pick<Pin, "version" | "environment">): string {
  return `# floe: ${version} in ${environment}`;
}

/** Reads the environment out of a comment; `null`: floe did not write it. */
export function environmentOfMark(comment: string): string | null {
  return MARK.exec(comment.trim())?.[2] ?? null;
}
