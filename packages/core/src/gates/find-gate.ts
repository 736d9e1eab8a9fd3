import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig, GateConfig } from "../manifest/manifest.ts";
import { nearNames } from "../promotion/near-names.ts";

/**
 * Finds a gate of an environment by its name.
 * @throws {FloeError} FLOE_GATE_NOT_FOUND - with near names
 */
export function findGate(environment: EnvironmentConfig, name: string): GateConfig {
  const gate = environment.gates.find((candidate) => candidate.name === name);
  if (gate) return gate;
  const names = environment.gates.map((candidate) => candidate.name);
  const near = nearNames(name, names);
  throw new FloeError({
    code: "FLOE_GATE_NOT_FOUND",
    message: `${environment.name} has no gate ${JSON.stringify(name)}`,
    hint: near.length > 0 ? `Did you mean ${near[0]}?` : `It has ${names.join(", ")}.`,
    details: { gate: name, environment: environment.name },
  });
}
