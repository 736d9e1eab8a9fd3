import type { LedgerView } from "../../ledger/ledger.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { type Reason, reason } from "../reason.ts";
import type { ResolvedArtifact } from "../resolve-artifact.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/** What keeps a digest out of an environment: quarantines, and rollbacks from it. */
export function holdsOn(
  digest: Digest,
  view: LedgerView | null,
): LedgerView["state"]["holds"][number][] {
  return view?.state.holds.filter((hold) => hold.digest === digest) ?? [];
}

/** Nothing holds the digest in the target environment. */
export const checkHolds: PromotionCheck = ({ artifact, target, view }) =>
  holdReasons(artifact, target, view);

/** The refusals of a digest that is held. */
export function holdReasons(
  artifact: ResolvedArtifact,
  target: Pick<EnvironmentConfig, "name">,
  view: LedgerView | null,
): Reason[] {
  const { version, manifest } = artifact;
  return holdsOn(manifest.descriptor.digest, view).map((hold) =>
    reason(
      hold.kind === "quarantine" ? "FLOE_DIGEST_QUARANTINED" : "FLOE_VERSION_HELD",
      `${version}${hold.version === version ? "" : ` has the content of ${hold.version}, which`} is held in ${target.name}: ${hold.kind === "rollback" ? "rolled back from" : "quarantined"} by ${hold.by} at ${hold.at} (${hold.reason})`,
      `Promote a fixed version instead. When the reason is gone: floe platform unquarantine ${version} --env ${target.name} --reason …`,
    ),
  );
}
