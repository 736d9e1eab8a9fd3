// Settings, as a Standard Schema. zod, valibot and arktype schemas fit as well.
const config = {
  "~standard": {
    version: 1,
    vendor: "floe-plugin-layer-limit",
    validate(value) {
      const { max = 10, ...unknown } = value;
      const issues = Object.keys(unknown).map((key) => ({ message: "unknown key", path: [key] }));
      if (!Number.isInteger(max) || max < 1)
        issues.push({ message: "expected a whole number from 1", path: ["max"] });
      return issues.length > 0 ? { issues } : { value: { max } };
    },
  },
};

// Returns what it thinks of the artifact. What it cannot judge throws, and floe blocks.
function evaluate(subject, { max }) {
  const { layers } = JSON.parse(new TextDecoder().decode(subject.artifact.manifest));
  if (!Array.isArray(layers)) throw new Error("the artifact is an index, and an index has no layers");
  const metrics = { layers: layers.length };
  if (layers.length <= max)
    return { status: "passed", summary: `${layers.length} of at most ${max} layers`, metrics };
  return {
    status: "failed",
    summary: `${layers.length} layers, and ${max} are allowed`,
    metrics,
    reasons: [
      {
        code: "TOO_MANY_LAYERS",
        level: "fail",
        message: `the artifact has ${layers.length} layers`,
        measured: layers.length,
        limit: max,
        fix: "Put the files into fewer layers.",
      },
    ],
  };
}

/** @satisfies {import("@floe/core/plugin").FloePlugin} */
const plugin = {
  apiVersion: "floe.dev/v1",
  meta: { name: "floe-plugin-layer-limit", version: "1.0.0" },
  gates: [
    {
      id: "layer_limit",
      summary: "How many layers an artifact may have",
      config,
      create: (settings) => ({ evaluate: (subject) => evaluate(subject, settings) }),
    },
  ],
};

export default plugin;
