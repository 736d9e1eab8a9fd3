import { EXIT, type ExitCode, type FloeError, isFloeError } from "../../errors/index.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { AnchoredNote } from "./read-anchors.ts";
import { orError } from "./read-anchors.ts";

/** How putting a checkpoint into one place ended. */
export interface AnchoredCopy {
  readonly name: string;
  /** As the manifest says it: `file`, `oci`, `s3`. */
  readonly kind: string;
  readonly location: string;
  /** `unchanged`: it was there already, and nothing was written. */
  readonly status: "written" | "unchanged" | "failed";
  /** Why it failed; `null` unless it did. */
  readonly error: FloeError | null;
}

/** What an anchor kept before, as it was judged. */
export interface JudgedNote extends Pick<AnchoredNote, "anchor"> {
  /** Why nothing may be put there: it cannot be read, or what it keeps does not count. */
  readonly problem: FloeError | null;
  /** Whether it keeps a checkpoint that says the same. */
  readonly isThere: boolean;
}

/** Puts a signed checkpoint into every place that does not have it, at once. One that fails stands in no other's way. */
export async function spreadCheckpoint(
  kept: readonly JudgedNote[],
  checkpoint: { readonly size: number; readonly note: string },
  environment: EnvironmentConfig,
  options: CallOptions,
): Promise<AnchoredCopy[]> {
  return await Promise.all(
    kept.map(async ({ anchor, problem, isThere }) => {
      const put = async (): Promise<FloeError | null> => {
        const ended = await orError(() => anchor.put(environment, checkpoint, options));
        return isFloeError(ended) ? ended : null;
      };
      const error = problem ?? (isThere ? null : await put());
      const { name, kind, location } = anchor;
      const status = error ? "failed" : isThere ? "unchanged" : "written";
      return { name, kind, location, status, error };
    }),
  );
}

/** How a command ends that put checkpoints into these places: tampering counts more than a place that does not answer. */
export function exitCodeOfCopies(copies: readonly AnchoredCopy[]): ExitCode {
  const codes = copies.flatMap(({ error }) => (error ? [error.exitCode] : []));
  return codes.includes(EXIT.integrity) ? EXIT.integrity : (codes[0] ?? EXIT.ok);
}
