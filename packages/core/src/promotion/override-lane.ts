import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { NEVER_OVERRIDDEN, OVERRIDABLE } from "../manifest/override-kind.ts";
import type { Override } from "../model/records.ts";
import { nearNames } from "./near-names.ts";
import type { Operator } from "./operation.ts";
import { type Reason, reason } from "./reason.ts";
import { requireReason } from "./require-reason.ts";

/** What was asked for with `--override`. */
export interface OverrideRequest {
  /** `freeze`, `soak`, `lock`, `approval`, `gate:NAME`. */
  readonly kinds: readonly string[];
  readonly reason: string;
}

/** Where refusals pass that somebody may override; the only place where one does. */
export interface OverrideLane {
  /** Takes out what is overridden. Before what may not be, it puts why not. */
  pass(reasons: readonly Reason[]): Reason[];
  /** What was let pass so far. */
  readonly used: readonly Override[];
  /** Says what was let pass, and what was asked for in vain; of gates that is only known when they were run. */
  warnings(ran: { readonly gates: boolean }): string[];
}

/**
 * Checks what was asked to be overridden, before anything is read.
 * @throws {FloeError} FLOE_USAGE_INVALID - an unknown kind, one that nobody may override, or no reason
 */
export function checkOverrideRequest(
  request: OverrideRequest | undefined,
  target: Pick<EnvironmentConfig, "name" | "gates">,
): OverrideRequest | null {
  if (!request || request.kinds.length === 0) return null;
  const gates = target.gates
    .map(({ name }) => `gate:${name}`)
    .filter((kind) => !NEVER_OVERRIDDEN.includes(kind));
  const kinds = [...OVERRIDABLE, ...gates];
  for (const kind of request.kinds) {
    if (kinds.includes(kind)) continue;
    const invalid = (message: string, hint: string): FloeError =>
      new FloeError({ code: "FLOE_USAGE_INVALID", message, hint });
    if (NEVER_OVERRIDDEN.includes(kind))
      throw invalid(`${kind} can never be overridden`, `What can: ${kinds.join(", ")}.`);
    const near = nearNames(kind, kinds);
    throw invalid(
      `--override: ${target.name} has nothing called ${JSON.stringify(kind)}`,
      near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `It has ${kinds.join(", ")}.`,
    );
  }
  return {
    kinds: [...new Set(request.kinds)],
    reason: requireReason("override", request.reason),
  };
}

/** Opens the lane for one plan. Who may use it is whom the environment's `overrides` names for the kind. */
export function createOverrideLane(
  request: OverrideRequest | null,
  operator: Operator | null,
  target: Pick<EnvironmentConfig, "name" | "overrides">,
  { groups }: Pick<Manifest, "groups">,
): OverrideLane {
  const used: Override[] = [];
  const met = new Set<string>();
  const groupsFor = (kind: string): readonly string[] =>
    Object.hasOwn(target.overrides, kind) ? (target.overrides[kind] ?? []) : [];
  const isAllowed = (kind: string): boolean => {
    const name = operator?.actor.identity;
    return (
      name !== undefined &&
      name !== null &&
      groupsFor(kind).some((group) => groups[group]?.includes(name))
    );
  };
  const offered = (given: Reason): Reason => {
    const by = given.override === undefined ? [] : groupsFor(given.override);
    if (by.length === 0) return given;
    const offer = `A member of ${by.join(" or ")} may use --override ${given.override} --reason ….`;
    return { ...given, hint: given.hint === null ? offer : `${given.hint} ${offer}` };
  };

  return {
    used,
    pass(reasons) {
      return reasons.flatMap((given) => {
        const { override: kind } = given;
        if (kind === undefined) return [given];
        if (!request?.kinds.includes(kind)) return [offered(given)];
        const first = !met.has(kind);
        met.add(kind);
        if (isAllowed(kind)) {
          if (first) used.push({ kind, reason: request.reason, by: operator?.name ?? "unknown" });
          return [];
        }
        return first ? [notAllowed(kind, groupsFor(kind), operator, target.name), given] : [given];
      });
    },
    warnings: ({ gates }) => [
      ...used.map(({ kind, by, reason: why }) => `${kind} was overridden by ${by}: ${why}`),
      ...(request?.kinds ?? [])
        .filter((kind) => !met.has(kind) && (gates || !kind.startsWith("gate:")))
        .map((kind) => `--override ${kind} was not needed, and is not recorded`),
    ],
  };
}

function notAllowed(
  kind: string,
  groups: readonly string[],
  operator: Operator | null,
  environment: string,
): Reason {
  const who = operator?.name ?? "nobody";
  return reason(
    "FLOE_OVERRIDE_NOT_ALLOWED",
    groups.length > 0
      ? `${who} may not override ${kind} in ${environment}: that takes a member of ${groups.join(" or ")}`
      : `nobody may override ${kind} in ${environment}: its overrides name no group for it`,
    groups.length > 0
      ? "Ask one of them, or wait."
      : `Who may is what the manifest says: overrides: { ${JSON.stringify(kind)}: { groups: […] } }.`,
  );
}
