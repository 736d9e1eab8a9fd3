import { type Reason, reason } from "../promotion/reason.ts";
import type { Pin } from "./pin.ts";
import type { PinnedFile } from "./pin-files.ts";

/** A reason for each file that does not say what the environment holds, for whoever only checks. */
export function outdatedReasons(files: readonly PinnedFile[], { version, digest }: Pin): Reason[] {
  return files
    .filter(({ before, after }) => before !== after)
    .map(({ path, before }) =>
      reason(
        "FLOE_DEPLOY_OUTDATED",
        `${path} ${before === null ? "is not there" : `does not say ${version} (${digest})`}`,
        "Run the same command without --check, and commit.",
      ),
    );
}
