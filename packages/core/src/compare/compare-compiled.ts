import type { CompiledArtifact } from "../spec/compiled-artifact.ts";
import { dependentsOf } from "./dependents.ts";
import { type FieldChange, jsonChanges } from "./json-changes.ts";

/** A component that differs, or that only one of the two has. */
export interface ComponentChange {
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  /** Its type, in the first where both have it. */
  readonly type: string;
  /** What differs of a component that both have: `type`, `version`, `depends_on`, `config.…`. */
  readonly fields: readonly FieldChange[];
  /** Names of the components that need it, by either of the two, also through others; sorted. */
  readonly dependents: readonly string[];
}

/** What differs in what an environment asks for. */
export interface EnvironmentChange {
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  readonly fields: readonly FieldChange[];
}

/** Compares two compiled artifacts: components by name, with what depends on them, and environments. */
export function compareCompiled(
  from: CompiledArtifact,
  to: CompiledArtifact,
): {
  readonly components: readonly ComponentChange[];
  readonly environments: readonly EnvironmentChange[];
} {
  const dependents = dependentsOf([...from.components, ...to.components]);
  const components = changedByName(from.components, to.components).map(
    ({ name, change, fields, either }) => ({
      ...{ name, change, type: either.type, fields },
      dependents: dependents(name),
    }),
  );
  const environments = changedByName(from.environments, to.environments).map(
    ({ name, change, fields }) => ({ name, change, fields }),
  );
  return { components, environments };
}

interface Named {
  readonly name: string;
}

function changedByName<Item extends Named>(from: readonly Item[], to: readonly Item[]) {
  const before = new Map(from.map((item) => [item.name, item]));
  const after = new Map(to.map((item) => [item.name, item]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const one = before.get(name);
    const two = after.get(name);
    const either = (one ?? two) as Item;
    const fields = one && two ? jsonChanges(one, two) : [];
    if (one && two && fields.length === 0) return [];
    const change: ComponentChange["change"] = !one ? "added" : two ? "changed" : "removed";
    return [{ name, change, fields, either }];
  });
}
