/** @typedef {{ max: number }} LayerLimit the gate's settings in the manifest */

/** @type {import("@floe/core/plugin").GateProvider<LayerLimit>} */
const layerLimit = {
  id: "layer_limit",
  summary: "How many layers an artifact may have",

  // A Standard Schema, written out. zod, valibot and arktype schemas are ones as well.
  config: {
    "~standard": {
      version: 1,
      vendor: "floe-plugin-layer-limit",
      validate(value) {
        const { max = 10, ...unknown } = /** @type {Record<string, unknown>} */ (value);
        const issues = Object.keys(unknown).map((key) => ({ message: "unknown key", path: [key] }));
        if (issues.length === 0 && typeof max === "number" && Number.isInteger(max) && max >= 1)
          return { value: { max } };
        if (issues.length > 0) return { issues };
        return { issues: [{ message: "expected a whole number from 1", path: ["max"] }] };
      },
    },
  },

  create: ({ max }) => ({
    // Returns what it thinks of the artifact. What it cannot judge throws, and floe blocks.
    evaluate(subject, { signal }) {
      signal.throwIfAborted();
      const { layers } = JSON.parse(new TextDecoder().decode(subject.artifact.manifest));
      if (!Array.isArray(layers)) throw new Error("an index has no layers to count");
      const count = layers.length;
      const metrics = { layers: count };
      if (count <= max)
        return { status: "passed", summary: `${count} of at most ${max} layers`, metrics };
      return {
        status: "failed",
        summary: `${count} layers, and ${max} are allowed`,
        metrics,
        reasons: [
          {
            code: "TOO_MANY_LAYERS",
            level: "fail",
            message: `the artifact has ${count} layers`,
            measured: count,
            limit: max,
            fix: "Put the files into fewer layers.",
          },
        ],
      };
    },
  }),
};

/** @type {import("@floe/core/plugin").FloePlugin} */
const plugin = {
  apiVersion: "floe.dev/v1",
  meta: { name: "floe-plugin-layer-limit", version: "1.0.0" },
  gates: [layerLimit],
};

export default plugin;
