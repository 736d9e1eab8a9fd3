import { createHash } from "node:crypto";
import { parseCompiledArtifact } from "@floe/core/spec";
import { judgeCompiled } from "@floe/policy";
import { type Measured, race } from "./race.ts";

/** A platform whose components need each other in a row, each with a configuration of some size. */
function platform(count: number) {
  const components = Array.from({ length: count }, (_, index) => ({
    ...{ name: `service-${index}`, type: "service", version: "1.0.0", description: null },
    ...{ depends_on: index === 0 ? [] : [`service-${index - 1}`], tags: ["bench"], schema: null },
    config: {
      replicas: 2,
      image: `registry.example.com/acme/service-${index}@sha256:${createHash("sha256").update(String(index)).digest("hex")}`,
      env: Object.fromEntries(
        Array.from({ length: 20 }, (_, at) => [`NAME_${at}`, `value ${at} of service ${index}`]),
      ),
    },
  }));
  const document = {
    ...{ apiVersion: "floe.dev/v1", kind: "CompiledArtifact", version: 1 },
    metadata: {
      ...{ name: "bench", version: null, owner: null, description: null },
      labels: { team: "bench" },
    },
    ...{ components, environments: [], inputs: [] },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return { bytes, artifact: parseCompiledArtifact(bytes, "bench") };
}

const BUILT_IN = [
  { id: "refs", builtin: "references_resolve" },
  { id: "names", builtin: "component_naming", with: { pattern: "[a-z][a-z0-9-]*" } },
  { id: "labels", builtin: "required_labels", with: { labels: ["team"] } },
];

/** What judging 500 components takes: by rules that come along, and by five of which one is an expression. */
export async function racePolicies(rounds: number, signal: AbortSignal): Promise<Measured[]> {
  const compiled = platform(500);
  const around = { environments: ["prod"], repository: "bench", now: () => new Date() };
  const judge = async (policies: object): Promise<void> => {
    const result = await judgeCompiled(policies, compiled, "prod", around, { signal });
    if (result.status !== "passed") throw new Error(`${result.status}: ${result.summary}`);
  };
  const expression = { id: "replicas", expr: "components.all(c, c.config.replicas >= 2)" };
  return await race(
    [
      {
        name: "4 rules, secrets among them",
        side: "floe",
        run: () => judge({ rules: BUILT_IN, secret_scanning: {} }),
      },
      {
        name: "the same and an expression",
        side: "floe",
        run: () => judge({ rules: [...BUILT_IN, expression], secret_scanning: {} }),
      },
    ],
    { rounds },
  );
}
