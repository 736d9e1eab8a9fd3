import { isEnvironmentName } from "../../model/index.ts";
import { didYouMean } from "../did-you-mean.ts";
import { parseDuration } from "../duration.ts";
import { type IssuePath, quote } from "../issue-list.ts";
import type { ApprovalRule, EnvironmentConfig, FreezeWindow, RegistryConfig } from "../manifest.ts";
import { NEVER_OVERRIDDEN, OVERRIDABLE } from "../override-kind.ts";
import type { EnvironmentEntry, Freeze } from "../schema/environments.ts";
import type { Policies } from "../schema/promotion.ts";
import { checkFreezes } from "./check-freezes.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import type { GateScope, ResolvedGate } from "./resolve-gate.ts";
import { resolveGates } from "./resolve-gates.ts";
import { checkNames, type ResolvedIdentities, reportUnknown } from "./resolve-identities.ts";
import { resolveRegistry } from "./resolve-registry.ts";
import { checkEarlier, type ResolvedVerification } from "./resolve-verification.ts";

/** What the environments are resolved with. */
export interface EnvironmentScope {
  readonly context: ResolveContext;
  readonly gates: Omit<GateScope, "environmentTimeoutSeconds">;
  readonly people: ResolvedIdentities;
  readonly registry: RegistryConfig | null;
  readonly verification: ReadonlyMap<string, ResolvedVerification>;
  readonly policies: Policies | undefined;
}

const DEFAULT_APPROVAL_HOURS = 168;

/** Checks the names of the environments; the list is in promotion order. */
export function checkEnvironmentNames(context: ResolveContext, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    const path = [...PATHS.environments, index, "name"];
    if (!isEnvironmentName(name))
      context.report(
        path,
        `${quote(name)} cannot name an environment: lower-case letters, digits, _ and -, a letter first, at most 50; never none, latest or …-rollback-1`,
      );
    if (seen.has(name)) context.report(path, `a second environment is named ${quote(name)}`);
    seen.add(name);
  }
}

/** Resolves one environment; `null` when something in it is wrong, which is an issue by then. */
export async function resolveEnvironment(
  scope: EnvironmentScope,
  entry: EnvironmentEntry,
  names: readonly string[],
  index: number,
): Promise<EnvironmentConfig | null> {
  const { context, people } = scope;
  const path = [...PATHS.environments, index];
  const gates = await resolveGates(
    { ...scope.gates, environmentTimeoutSeconds: entry.gate_timeout_seconds },
    entry.gates ?? {},
    [...path, "gates"],
  );
  await checkFreezes(context, entry.freeze ?? [], [...path, "freeze"]);
  checkAuthorization(context, entry, people, path);
  checkNames(
    context,
    entry.approvals?.from_groups,
    [...path, "approvals", "from_groups"],
    people.groupNames,
    "group",
  );
  if (entry.soak) checkEarlier(context, entry.soak.from, [...path, "soak", "from"], names, index);
  const gateNames = gates.map((gate) => gate.config.name);
  checkOverrides(context, entry, gateNames, people, [...path, "overrides"]);
  const own = entry.registry && resolveRegistry(context, entry.registry, [...path, "registry"]);
  const registry = entry.registry ? own : scope.registry;
  const verification = scope.verification.get(entry.name);
  if (!registry || !verification) return null;
  return {
    name: entry.name,
    gates: gates.map((gate) => gate.config),
    authorization: entry.authorization
      ? {
          allowedGroups: [...new Set(entry.authorization.allowed_groups)],
          allowedOperators: [...new Set(entry.authorization.allowed_operators)],
          separationOfDuties: separationRule(entry),
          pinPolicy: entry.authorization.pin_policy ?? false,
        }
      : null,
    approvals: entry.approvals ? approvalRule(entry.approvals) : null,
    freeze: (entry.freeze ?? []).flatMap(freezeWindow),
    soak: entry.soak ?? null,
    overrides: Object.fromEntries(
      Object.entries(entry.overrides ?? {}).map(([kind, by]) => [kind, [...new Set(by.groups)]]),
    ),
    registry,
    verification: verification.policy,
    unsupported: [],
    requirements: requirementsOf(entry, gates, verification, scope.policies),
    authority: {
      ...people.authority,
      authorization: entry.authorization && {
        allowed_groups: sorted(entry.authorization.allowed_groups),
        allowed_operators: sorted(entry.authorization.allowed_operators),
        separation_of_duties: separationOf(entry),
        pin_policy: entry.authorization.pin_policy ?? false,
      },
      overrides: Object.fromEntries(
        Object.entries(entry.overrides ?? {}).map(([kind, by]) => [kind, sorted(by.groups)]),
      ),
    },
  };
}

function sorted(names: readonly string[] | undefined): string[] {
  return [...new Set(names)].toSorted();
}

function separationRule(
  entry: EnvironmentEntry,
): NonNullable<EnvironmentConfig["authorization"]>["separationOfDuties"] {
  const separation = entry.authorization?.separation_of_duties ?? false;
  if (separation === false) return null;
  return { exempt: separation === true ? [] : [...new Set(separation.exempt)] };
}

function approvalRule(entry: NonNullable<EnvironmentEntry["approvals"]>): ApprovalRule {
  return {
    required: entry.required,
    fromGroups: [...new Set(entry.from_groups)],
    selfApproval: entry.self_approval ?? false,
    expiresHours: entry.expires_hours ?? DEFAULT_APPROVAL_HOURS,
  };
}

// Whoever writes nothing has promotions stopped. A lock by hand changes nothing of what runs, so it stays possible then.
const DEFAULT_ALLOW = ["rollback", "lock", "unlock"] as const;

function freezeWindow(entry: Freeze): FreezeWindow[] {
  const { start, end, rrule, duration, timezone, reason = null, allow = DEFAULT_ALLOW } = entry;
  if (timezone === undefined) return [];
  const common = { timezone, reason, allow };
  const seconds = duration === undefined ? null : parseDuration(duration);
  if (rrule !== undefined && seconds !== null)
    return [
      { ...common, kind: "recurring", rrule, durationMs: seconds * 1000, start: start ?? null },
    ];
  if (start === undefined || end === undefined) return [];
  return [{ ...common, kind: "span", start, end }];
}

function separationOf(entry: EnvironmentEntry): unknown {
  const separation = entry.authorization?.separation_of_duties ?? false;
  return typeof separation === "object" ? { exempt: sorted(separation.exempt) } : separation;
}

/** Freeze windows and exemptions are evaluated live, so they are not part of what an approval is bound to. */
function requirementsOf(
  entry: EnvironmentEntry,
  gates: readonly ResolvedGate[],
  verification: ResolvedVerification,
  policies: Policies | undefined,
): Readonly<Record<string, unknown>> {
  const { exemptions: _, rules, ...rest } = policies ?? {};
  const approvals = entry.approvals && approvalRule(entry.approvals);
  return {
    gates: Object.fromEntries(gates.map((gate) => [gate.config.name, gate.json])),
    policies: { ...rest, rules: (rules ?? []).filter((rule) => concerns(rule, entry.name)) },
    verification: verification.json,
    approvals: approvals
      ? {
          required: approvals.required,
          from_groups: sorted(approvals.fromGroups),
          self_approval: approvals.selfApproval,
          expires_hours: approvals.expiresHours,
        }
      : null,
    soak: entry.soak ? { from: entry.soak.from, hours: entry.soak.hours } : null,
  };
}

function concerns(rule: Readonly<Record<string, unknown>>, environment: string): boolean {
  const only = rule["environments"];
  return !Array.isArray(only) || only.includes(environment);
}

function checkAuthorization(
  context: ResolveContext,
  entry: EnvironmentEntry,
  people: ResolvedIdentities,
  environmentPath: IssuePath,
): void {
  const path = [...environmentPath, "authorization"];
  const authorization = entry.authorization;
  if (!authorization) return;
  checkNames(
    context,
    authorization.allowed_groups,
    [...path, "allowed_groups"],
    people.groupNames,
    "group",
  );
  checkNames(
    context,
    authorization.allowed_operators,
    [...path, "allowed_operators"],
    people.identityNames,
    "identity",
  );
  const separation = authorization.separation_of_duties ?? false;
  const lists = ["allowed_groups", "allowed_operators"].filter((key) =>
    context.has([...path, key]),
  );
  if (lists.length === 0)
    context.report(path, "names nobody: write allowed_groups or allowed_operators");
  if (typeof separation !== "object") return;
  const exemptPath = [...path, "separation_of_duties", "exempt"];
  checkNames(context, separation.exempt, exemptPath, people.identityNames, "identity");
  for (const [index, name] of separation.exempt.entries())
    if (people.identityNames.includes(name) && !people.keylessNames.has(name))
      context.report([...exemptPath, index], `${quote(name)} must be keyless to be exempt`);
  if (!context.has([...environmentPath, "approvals"]))
    context.report(
      exemptPath,
      "needs approvals in this environment: somebody else must look at it",
      {
        side: "key",
      },
    );
}

function checkOverrides(
  context: ResolveContext,
  entry: EnvironmentEntry,
  gateNames: readonly string[],
  people: ResolvedIdentities,
  path: IssuePath,
): void {
  for (const [kind, by] of Object.entries(entry.overrides ?? {})) {
    checkNames(context, by.groups, [...path, kind, "groups"], people.groupNames, "group");
    const gate = kind.startsWith("gate:") ? kind.slice("gate:".length) : null;
    if (NEVER_OVERRIDDEN.includes(kind))
      context.report([...path, kind], "can never be overridden", { side: "key" });
    else if (gate !== null && !gateNames.includes(gate))
      reportUnknown(context, gate, [...path, kind], gateNames, "gate", "key");
    else if (gate === null && !OVERRIDABLE.includes(kind))
      context.report([...path, kind], `expected ${OVERRIDABLE.join(", ")} or gate:NAME`, {
        suggestion: didYouMean(kind, OVERRIDABLE),
        side: "key",
      });
  }
}
