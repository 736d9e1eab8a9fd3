import type { StandardSchema } from "../../contract/index.ts";
import type { EnvironmentEntry } from "../schema/environments.ts";

/** The gate that is built in, always runs and takes its settings from `policies`. */
export const POLICY_GATE = "policy_compliance";

/** Gates that need no plugin to be known: without a command or plugin they block with exit code 8, not as a slip. */
export const KNOWN_GATES: readonly string[] = [
  POLICY_GATE,
  "tests",
  "security_scan",
  "cost_analysis",
  "performance_baseline",
];

/** Default of `environments`. */
export const DEFAULT_ENVIRONMENTS: readonly EnvironmentEntry[] = [
  { name: "dev", gates: { [POLICY_GATE]: true } },
  { name: "staging", gates: { [POLICY_GATE]: true, tests: true } },
  { name: "prod", gates: { [POLICY_GATE]: true, tests: true, security_scan: true } },
];

/** What is known of the kinds of gates when a manifest is resolved. */
export interface GateKinds {
  /** Kinds that floe or a plugin provides. */
  readonly names: readonly string[];
  /** A provider's schema; `null` when nothing provides the kind; `undefined` when nobody was asked. */
  schemaOf(kind: string): StandardSchema<unknown, unknown> | null | undefined;
}

/** The kinds that a manifest's environments use, each once, in order of appearance. */
export function kindsUsed(environments: readonly EnvironmentEntry[] | undefined): string[] {
  const kinds = new Set<string>();
  for (const environment of environments ?? DEFAULT_ENVIRONMENTS)
    for (const [name, value] of Object.entries(environment.gates ?? {}))
      if (value !== false) kinds.add((typeof value === "object" ? value.kind : undefined) ?? name);
  kinds.delete(POLICY_GATE);
  return [...kinds];
}
