/** What may be overridden, besides a gate. Signature, quarantine and `policy_compliance` never. */
export const OVERRIDABLE: readonly string[] = ["freeze", "soak", "lock", "approval"];

/** What `--override` and an environment's `overrides` name. */
export type OverrideKind = "freeze" | "soak" | "lock" | "approval" | `gate:${string}`;

/** What nothing and nobody overrides, by the names that people try. */
export const NEVER_OVERRIDDEN: readonly string[] = [
  "signature",
  "quarantine",
  "policy_compliance",
  "gate:policy_compliance",
];
