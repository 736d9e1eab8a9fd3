import type { ArtifactCopier, ArtifactStore, CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import type { OperationPlan, PlannedCopy } from "./operation.ts";

/** Where the artifact of a plan is, and where the target environment has its own. */
type Way = Pick<FloeContext, "copier" | "logger" | "store"> & { readonly from: ArtifactStore };

/**
 * Says what a promotion to an environment with another repository would bring there; `null`: it is there, because both are
 * the same repository. Writes nothing.
 */
export async function measureCopy(
  plan: OperationPlan,
  { from, store: to, copier }: Way,
  options: CallOptions,
): Promise<PlannedCopy | null> {
  if (from === to) return null;
  const { digest } = plan.artifact.manifest.descriptor;
  const amount = await required(copier).measure({ from, to, digest }, options);
  return { from: from.repository, to: to.repository, ...amount };
}

/**
 * Brings the artifact and all that is attached to it to the target's repository, before anything is claimed: a copy may take
 * long, and one that is cut off leaves nothing but content without a tag.
 */
export async function bringOver(
  plan: OperationPlan,
  { from, store: to, copier, logger }: Way,
  options: CallOptions,
): Promise<PlannedCopy | null> {
  if (from === to) return null;
  const { digest } = plan.artifact.manifest.descriptor;
  const scope = `copy to ${to.repository}`;
  const say = (phase: "start" | "update" | "done" | "failed", message: string): void =>
    logger.progress({ scope, phase, message });
  say("start", `${plan.artifact.version} from ${from.repository}`);
  try {
    const amount = await required(copier).copy(
      { from, to, digest },
      {
        ...options,
        onProgress: ({ bytes, bytesTotal }) => say("update", `${bytes} of ${bytesTotal} bytes`),
      },
    );
    say("done", `${amount.manifests} manifests, ${amount.blobs} blobs, ${amount.bytes} bytes`);
    return { from: from.repository, to: to.repository, ...amount };
  } catch (cause) {
    say("failed", cause instanceof Error ? cause.message : String(cause));
    throw cause;
  }
}

function required(copier: ArtifactCopier | null): ArtifactCopier {
  if (copier) return copier;
  throw new Error("a manifest with several repositories needs createFloe to be given a copier");
}
