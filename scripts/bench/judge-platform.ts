import { createHash } from "node:crypto";
import { parseCompiledArtifact } from "@floe/core/spec";
import { judgeCompiled } from "@floe/policy";

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

const EXPRESSION = { id: "replicas", expr: "components.all(c, c.config.replicas >= 2)" };

const compiled = platform(500);

/** Judges 500 components by rules that come along, and by an expression where that is asked for. */
export async function judgePlatform(how: {
  readonly expression: boolean;
  readonly signal: AbortSignal;
}): Promise<void> {
  const around = { environments: ["prod"], repository: "bench", now: () => new Date() };
  const rules = how.expression ? [...BUILT_IN, EXPRESSION] : BUILT_IN;
  const policies = { rules, secret_scanning: {} };
  const result = await judgeCompiled(policies, compiled, "prod", around, how);
  if (result.status !== "passed") throw new Error(`${result.status}: ${result.summary}`);
}
