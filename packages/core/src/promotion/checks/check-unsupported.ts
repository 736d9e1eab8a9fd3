import type { EnvironmentConfig, Manifest } from "../../manifest/manifest.ts";
import { type Reason, reason } from "../reason.ts";

/** Requirements that are configured and that this version cannot judge: refusing is the only honest answer. */
export function unsupportedReasons(
  manifest: Pick<Manifest, "unsupported">,
  target: Pick<EnvironmentConfig, "unsupported">,
): Reason[] {
  return [...manifest.unsupported, ...target.unsupported].map((key) =>
    reason(
      "FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED",
      `${key} is configured, and this version of floe cannot judge it`,
      "Remove it from the manifest, or use a version of floe that supports it; it is never skipped silently.",
    ),
  );
}
