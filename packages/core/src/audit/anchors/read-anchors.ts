import { type FloeError, isFloeError } from "../../errors/index.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { Anchor } from "./anchor.ts";

/** What an anchor keeps of a ledger. */
export interface AnchoredNote {
  readonly anchor: Anchor;
  /** The newest signed note; `null`: there is none, or it could not be read. */
  readonly note: string | null;
  /** Why it could not be read. */
  readonly problem: FloeError | null;
}

/** Reads what every anchor keeps of an environment's ledger, at once. One that cannot be read stands in no other's way. */
export async function readAnchors(
  anchors: readonly Anchor[],
  environment: EnvironmentConfig,
  options: CallOptions,
): Promise<AnchoredNote[]> {
  return await Promise.all(
    anchors.map(async (anchor) => {
      const note = await orError(() => anchor.newest(environment, options));
      return isFloeError(note)
        ? { anchor, note: null, problem: note }
        : { anchor, note, problem: null };
    }),
  );
}

/** Gives floe's own errors as values. */
export async function orError<Value>(work: () => Promise<Value>): Promise<Value | FloeError> {
  try {
    return await work();
  } catch (cause) {
    if (isFloeError(cause)) return cause;
    throw cause;
  }
}

/** What messages call an anchor. */
export function describeAnchor({ name, kind, location }: Anchor): string {
  const where = location === kind ? "" : `, ${location}`;
  return name === kind ? `the anchor ${name}${where}` : `the anchor ${name} (${kind}${where})`;
}
