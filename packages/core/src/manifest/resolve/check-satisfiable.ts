import { quote } from "../issue-list.ts";
import type { EnvironmentEntry } from "../schema/environments.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import type { ResolvedIdentities } from "./resolve-identities.ts";

/**
 * Reports rules about people that nobody could ever satisfy: more approvals than there are approvers, or only one person for
 * what takes two. Found here, they stop no release in the middle of the night.
 */
export function checkSatisfiable(
  context: ResolveContext,
  entries: readonly EnvironmentEntry[],
  people: Pick<ResolvedIdentities, "groups" | "identityNames">,
): void {
  for (const [index, entry] of entries.entries()) {
    const operators = operatorsOf(entry, people);
    const before = entries[index - 1];
    const bringers = before ? operatorsOf(before, people) : null;
    const possible = operators?.filter((operator) => mayFollow(operator, entry, bringers)) ?? null;
    const path = [...PATHS.environments, index];
    if (operators && operators.length > 0 && possible?.length === 0) {
      const only = operators.map(quote).join(", ");
      context.report(
        [...path, "authorization", "separation_of_duties"],
        `only ${only} may promote to ${before?.name ?? "?"} and to ${entry.name}, so nobody could promote here`,
      );
    }
    checkApprovers(context, entry, possible ?? operators, people, [
      ...path,
      "approvals",
      "required",
    ]);
  }
}

/** Everybody who may promote to an environment; `null`: nobody is asked who they are, or a name is wrong. */
function operatorsOf(
  { authorization }: EnvironmentEntry,
  { groups, identityNames }: Pick<ResolvedIdentities, "groups" | "identityNames">,
): string[] | null {
  if (!authorization) return null;
  const operators = new Set(authorization.allowed_operators);
  for (const group of authorization.allowed_groups ?? []) {
    if (!Object.hasOwn(groups, group)) return null;
    for (const member of groups[group] ?? []) operators.add(member);
  }
  const known = [...operators].filter((operator) => identityNames.includes(operator));
  return known.length === operators.size ? known : null;
}

function mayFollow(
  operator: string,
  entry: EnvironmentEntry,
  bringers: readonly string[] | null,
): boolean {
  const separation = entry.authorization?.separation_of_duties ?? false;
  if (separation === false || bringers === null || bringers.length === 0) return true;
  return isExempt(operator, entry) || bringers.some((bringer) => bringer !== operator);
}

function isExempt(operator: string, { authorization }: EnvironmentEntry): boolean {
  const separation = authorization?.separation_of_duties;
  return typeof separation === "object" && separation.exempt.includes(operator);
}

function checkApprovers(
  context: ResolveContext,
  entry: EnvironmentEntry,
  operators: readonly string[] | null,
  { groups }: Pick<ResolvedIdentities, "groups">,
  path: Parameters<ResolveContext["report"]>[0],
): void {
  const { approvals } = entry;
  if (!approvals?.from_groups.every((group) => Object.hasOwn(groups, group))) return;
  const { required, from_groups: from, self_approval: selfApproval = false } = approvals;
  const approvers = [...new Set(from.flatMap((group) => groups[group] ?? []))];
  const asked = `asks for ${required === 1 ? "1 approval" : `${required} approvals`} from ${from.map(quote).join(", ")}`;
  if (approvers.length < required) {
    const there =
      approvers.length === 0 ? "nobody is" : `only ${approvers.map(quote).join(", ")} are`;
    context.report(path, `${asked}, and ${there} in there`);
    return;
  }
  if (!operators || operators.length === 0) return;
  const enough = operators.some((operator) => {
    const ownCounts = selfApproval && !isExempt(operator, entry);
    const others = approvers.filter((approver) => ownCounts || approver !== operator);
    return others.length >= required;
  });
  if (enough) return;
  context.report(
    path,
    `${asked} besides whoever promotes: of ${approvers.map(quote).join(", ")}, too few are left when ${operators.map(quote).join(" or ")} promotes`,
  );
}
