import type { PluginNames } from "./plugin-names.ts";

/** The files of a gate that counts layers: small, and with everything that a gate has. */
export function gateFiles(names: PluginNames): Readonly<Record<string, string>> {
  const { package: name, id } = names;
  return {
    "src/index.ts": `import type { FloePlugin } from "@floe/core/plugin";
import { gate } from "./gate.ts";

// A plain object: nothing of floe is imported when the plugin runs. Name and version are those of package.json.
export default {
  apiVersion: "floe.dev/v1",
  meta: { name: ${JSON.stringify(name)}, version: "0.1.0" },
  gates: [gate],
} satisfies FloePlugin;
`,
    "src/gate.ts": `import type { GateProvider, GateSubject, GateVerdict } from "@floe/core/plugin";
import { type Config, schema } from "./config.ts";

/** How many layers an artifact may have. Put your own check in the place of \`judge\`. */
export const gate: GateProvider<Config> = {
  id: ${JSON.stringify(id)},
  summary: "How many layers an artifact may have",
  config: schema,
  create: (config) => ({
    evaluate(subject, { signal }) {
      signal.throwIfAborted();
      return judge(subject, config);
    },
  }),
};

// Returns what it thinks of the artifact. What it cannot judge throws, and floe blocks.
function judge(subject: GateSubject, { max }: Config): GateVerdict {
  const manifest: unknown = JSON.parse(new TextDecoder().decode(subject.artifact.manifest));
  const { layers } = manifest as { readonly layers?: unknown };
  if (!Array.isArray(layers)) throw new Error("an index has no layers to count");
  const count = layers.length;
  const metrics = { layers: count };
  if (count <= max) return { status: "passed", summary: count + " of at most " + max + " layers", metrics };
  return {
    status: "failed",
    summary: count + " layers, and " + max + " are allowed",
    metrics,
    reasons: [
      {
        code: "TOO_MANY_LAYERS",
        level: "fail",
        message: "the artifact has " + count + " layers",
        measured: count,
        limit: max,
        fix: "Put the files into fewer layers.",
      },
    ],
  };
}
`,
    "src/config.ts": `import type { StandardIssue, StandardSchema } from "@floe/core/plugin";

/** The gate's settings in a manifest. */
export interface Config {
  readonly max: number;
}

/** Checks them. A Standard Schema, written out; zod, valibot and arktype schemas are ones as well. */
export const schema: StandardSchema<unknown, Config> = {
  "~standard": {
    version: 1,
    vendor: ${JSON.stringify(name)},
    validate(value) {
      const { max = 10, ...unknown } = value as Record<string, unknown>;
      const issues: StandardIssue[] = Object.keys(unknown).map((key) => ({ message: "unknown key", path: [key] }));
      const isCount = typeof max === "number" && Number.isInteger(max) && max >= 1;
      if (!isCount) issues.push({ message: "expected a whole number from 1", path: ["max"] });
      return isCount && issues.length === 0 ? { value: { max } } : { issues };
    },
  },
};
`,
    "test/contract.test.ts": `import { describeGateContract, fakeSubject } from "@floe/plugin-testkit";
import plugin from "../src/index.ts";

const layers = (count: number) => ({
  manifest: new TextEncoder().encode(JSON.stringify({ layers: Array(count).fill({}) })),
});

describeGateContract(plugin, ${JSON.stringify(id)}, {
  packageJson: new URL("../package.json", import.meta.url),
  validConfigs: [{}, { max: 3 }],
  invalidConfigs: [
    { config: { max: 0 }, path: ["max"] },
    { config: { mx: 3 }, path: ["mx"] },
  ],
  passing: { config: {}, subject: fakeSubject({ artifact: layers(1) }) },
  failing: { config: {}, subject: fakeSubject({ artifact: layers(11) }) },
  cannotJudge: {
    config: {},
    subject: fakeSubject({ artifact: { manifest: new TextEncoder().encode("{}") } }),
  },
});
`,
  };
}
