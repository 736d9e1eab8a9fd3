import type { Anchor } from "../audit/anchors/anchor.ts";
import { isFloeError } from "../errors/index.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import { type DoctorFinding, findingsOf } from "./finding.ts";

/** Asks each place that keeps checkpoints what it has of every environment; nothing is written. */
export async function examineAnchors(
  { anchors, manifest }: FloeContext,
  options: CallOptions,
): Promise<DoctorFinding[]> {
  const names = manifest.environments.map(({ name }) => name);
  return await Promise.all(
    anchors.map(async (anchor) => {
      const is = findingsOf("ledger", anchor.name);
      try {
        const kept = await keptIn(anchor, manifest.environments, options);
        const none = names.filter((name) => !kept.includes(name));
        if (kept.length === 0)
          return is.warn(
            "anchor",
            `${anchor.location} can be read, and holds no checkpoint`,
            "Make one: floe audit checkpoint",
          );
        const rest = none.length === 0 ? "" : `, none of ${none.join(", ")}`;
        return is.ok("anchor", `${anchor.location} holds checkpoints of ${kept.join(", ")}${rest}`);
      } catch (cause) {
        if (isFloeError(cause)) return is.failed("anchor", cause);
        throw cause;
      }
    }),
  );
}

async function keptIn(
  anchor: Anchor,
  environments: FloeContext["manifest"]["environments"],
  options: CallOptions,
): Promise<string[]> {
  const kept: string[] = [];
  for (const environment of environments)
    if ((await anchor.newest(environment, options)) !== null) kept.push(environment.name);
  return kept;
}
