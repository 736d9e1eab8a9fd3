import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { authorityDigest } from "../manifest/policy-digests.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import type { Check, Checks } from "./check.ts";

/** An override that a record names. */
interface SaidOverride {
  readonly kind: string;
  readonly by: string;
  readonly reason: string;
}

/** The overrides of a record, as far as they can be read. */
export function overridesOf({ predicate }: VerifiedRecord): readonly SaidOverride[] {
  const said = predicate["overrides"];
  if (!Array.isArray(said)) return [];
  return said.flatMap((entry: unknown) => {
    const { kind, by, reason } = (entry ?? {}) as Partial<Record<keyof SaidOverride, unknown>>;
    return typeof kind === "string" && typeof by === "string"
      ? [{ kind, by, reason: typeof reason === "string" ? reason : "" }]
      : [];
  });
}

/**
 * Says what was overridden at a promotion. Whether its operator might do so is judged where today's manifest says the same
 * of who may do what as that of then; otherwise it is told.
 */
export function checkOverrides(
  record: VerifiedRecord,
  signedBy: string | null,
  environment: EnvironmentConfig,
  { groups }: Pick<Manifest, "groups">,
  checks: Checks,
): Check {
  const overrides = overridesOf(record);
  if (overrides.length === 0) return checks.ok("overrides", "nothing was overridden");
  const shown = overrides.map(({ kind, by, reason }) => `${kind} by ${by} (${reason})`).join(", ");
  const mayNot = overrides.filter(({ kind, by }) => {
    const allowed = Object.hasOwn(environment.overrides, kind) ? environment.overrides[kind] : [];
    return by !== signedBy || !allowed?.some((group) => groups[group]?.includes(by));
  });
  const sameAuthority = record.predicate["authority_digest"] === authorityDigest(environment);
  if (sameAuthority && mayNot.length > 0)
    return checks.failed(
      "overrides",
      "FLOE_VERIFY_UNTRUSTED",
      `${mayNot.map(({ kind, by }) => `${by} might not override ${kind}`).join(", ")}`,
      "Somebody has promoted with a changed floe. Find out who; promote it again (--force).",
    );
  return checks.warning("overrides", `overridden: ${shown}`, "See the record's overrides.");
}
