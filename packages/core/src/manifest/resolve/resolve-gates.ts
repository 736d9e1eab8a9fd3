import type { IssuePath } from "../issue-list.ts";
import { type GateMap, type Gates, RUNNING_KEYS } from "../schema/gates.ts";
import { POLICY_GATE } from "./gate-kinds.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { type GateParts, type GateScope, type ResolvedGate, resolveGate } from "./resolve-gate.ts";
import { reportUnknown } from "./resolve-identities.ts";

/** Resolves `gates` of one environment; the built-in gate is added when it is not written. */
export async function resolveGates(
  scope: GateScope,
  gates: Gates,
  path: IssuePath,
): Promise<ResolvedGate[]> {
  const { context } = scope;
  const resolved: ResolvedGate[] = [];
  const listed = context.keysAt(path);
  for (const [name, value] of Object.entries(gates)) {
    const gatePath = [...path, name];
    if (name === POLICY_GATE) checkPolicyGate(context, value, gatePath);
    if (value === false) continue;
    const own = value === true ? {} : value;
    const shared = sharedOf(scope, name, own.kind);
    const parts: GateParts = { name, path: gatePath, own, ...shared };
    resolved.push(await resolveGate(scope, parts));
    checkNeeds(context, parts, gates, listed);
  }
  if (!resolved.some((gate) => gate.config.name === POLICY_GATE))
    resolved.unshift(
      await resolveGate(scope, {
        name: POLICY_GATE,
        path: [...path, POLICY_GATE],
        own: {},
        shared: {},
        sharedPath: PATHS.gateCommands,
      }),
    );
  refuseCycles(context, resolved, path);
  return resolved;
}

/** `gate_commands` of the gate itself, else of its kind. */
function sharedOf(
  scope: GateScope,
  name: string,
  kind: string | undefined,
): Pick<GateParts, "shared" | "sharedPath"> {
  const key = Object.hasOwn(scope.commands, name) ? name : (kind ?? name);
  const shared = Object.hasOwn(scope.commands, key) ? scope.commands[key] : undefined;
  return { shared: shared ?? {}, sharedPath: [...PATHS.gateCommands, key] };
}

function checkPolicyGate(context: ResolveContext, value: boolean | GateMap, path: IssuePath): void {
  if (value === false)
    context.report(path, "cannot be switched off: policy_compliance always runs");
  if (typeof value !== "object") return;
  if (value.required === false)
    context.report([...path, "required"], "policy_compliance is always required");
  if (value.platforms !== undefined)
    context.report([...path, "platforms"], "policy_compliance judges the artifact as a whole", {
      side: "key",
    });
  for (const key of ["kind", ...RUNNING_KEYS])
    if (key !== "timeout_seconds" && key !== "exclusive" && context.has([...path, key]))
      context.report([...path, key], "policy_compliance is built in and runs no command", {
        side: "key",
      });
}

function checkNeeds(
  context: ResolveContext,
  parts: GateParts,
  gates: Gates,
  listed: readonly string[],
): void {
  for (const [index, need] of (parts.own.needs ?? []).entries()) {
    const path = [...parts.path, "needs", index];
    if (need === POLICY_GATE) continue;
    if (!listed.includes(need)) reportUnknown(context, need, path, listed, "gate");
    else if (gates[need] === false)
      context.report(path, `the gate ${need} is switched off in this environment`);
  }
}

function refuseCycles(
  context: ResolveContext,
  gates: readonly ResolvedGate[],
  path: IssuePath,
): void {
  const needsOf = new Map(gates.map(({ config }) => [config.name, config.needs]));
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    if (trail.includes(name)) {
      const cycle = [...trail.slice(trail.indexOf(name)), name].join(" → ");
      context.report([...path, name, "needs"], `gates wait for each other: ${cycle}`);
      return;
    }
    if (done.has(name)) return;
    for (const need of needsOf.get(name) ?? []) visit(need, [...trail, name]);
    done.add(name);
  };
  for (const name of needsOf.keys()) visit(name, []);
}
