import { z } from "zod";
import { globSchema, matchesAny } from "../glob.ts";
import { nameMatcher, patternSchema } from "./name-pattern.ts";
import { type BuiltinRule, defineRule, type Violation } from "./rule.ts";

const globs = z.array(globSchema).min(1);
const key = z.string().min(1).max(256);

const requiredLabels = defineRule({
  name: "required_labels",
  code: "FLOE-E211",
  summary: "Every label of `labels` is there, is not empty and matches its `value` if it has one.",
  about: "content",
  settings: z.strictObject({
    labels: z
      .array(
        z.union([
          key.transform((label) => ({ key: label, value: null })),
          z.strictObject({ key, value: z.union([globSchema.transform((glob) => [glob]), globs]) }),
        ]),
      )
      .min(1),
  }),
  async judge({ content }, settings) {
    const labels = await content.labels();
    return settings.labels.flatMap((wanted): Violation[] => {
      const found = Object.hasOwn(labels, wanted.key) ? labels[wanted.key] : undefined;
      const limit = wanted.value?.join(", ");
      if (found === undefined || found.trim() === "")
        return [
          {
            message: `the label ${wanted.key} is missing or empty`,
            subject: wanted.key,
            ...(limit !== undefined && { limit }),
            fix: `Build the artifact with the label ${wanted.key}.`,
          },
        ];
      if (wanted.value === null || matchesAny(wanted.value, found)) return [];
      return [
        {
          message: `the label ${wanted.key} does not have an allowed value`,
          subject: wanted.key,
          measured: found,
          limit: limit ?? "",
          fix: `Build the artifact with an allowed value of ${wanted.key}.`,
        },
      ];
    });
  },
});

const references = defineRule({
  name: "references_resolve",
  code: "FLOE-E212",
  summary:
    "The components have names of their own, need only components that exist, and never each other in a circle.",
  about: "content",
  settings: z.strictObject({}),
  async judge({ content }) {
    const { components } = await content.compiled();
    const { orderComponents } = await import("@floe/core/spec");
    const fix = "Change depends_on in the spec and publish again.";
    const names = new Set<string>();
    const found: Violation[] = [];
    for (const { name } of components) {
      if (names.has(name))
        found.push({ message: `there are two components ${name}`, subject: name, fix });
      names.add(name);
    }
    for (const { name, depends_on } of components)
      for (const needed of depends_on)
        if (!names.has(needed))
          found.push({
            message: `the component ${name} needs ${needed}, which does not exist`,
            subject: name,
            measured: needed,
            fix,
          });
    if (found.length > 0) return found;
    const order = orderComponents(components);
    if (order.ok) return [];
    const cycle = order.cycle.join(" → ");
    const message = `components need each other: ${cycle}`;
    return [{ message, subject: order.cycle[0] ?? "", measured: cycle, fix }];
  },
});

const baseImage = defineRule({
  name: "base_image",
  code: "FLOE-E213",
  summary:
    "The base image that the artifact's annotations name matches `allow`, and is named by digest with `pinned`.",
  settings: z.strictObject({ allow: globs, pinned: z.boolean().default(false) }),
  judge({ artifact: { annotations } }, { allow, pinned }) {
    const [name, digest] = ["name", "digest"].map((part) => {
      const annotation = `org.opencontainers.image.base.${part}`;
      return Object.hasOwn(annotations, annotation) ? annotations[annotation] : undefined;
    });
    const limit = allow.join(", ");
    const fix =
      "Build the artifact on an allowed base image, and let the build write its annotations.";
    const subject = "org.opencontainers.image.base.name";
    if (name === undefined)
      return [{ message: "the artifact does not say what its base image is", subject, limit, fix }];
    if (!matchesAny(allow, name))
      return [
        { message: `the base image ${name} is not allowed`, subject, measured: name, limit, fix },
      ];
    if (!pinned || /^sha256:[0-9a-f]{64}$/.test(digest ?? "")) return [];
    return [
      {
        message: `the base image ${name} is not named by digest`,
        subject: "org.opencontainers.image.base.digest",
        measured: digest ?? "none",
        limit: "sha256:…",
        fix,
      },
    ];
  },
});

const componentNaming = defineRule({
  name: "component_naming",
  code: "FLOE-E214",
  summary:
    "The name of every component matches one of the patterns `allow` and the expression `pattern`.",
  about: "content",
  settings: z
    .strictObject({
      allow: globs.optional(),
      pattern: patternSchema.optional(),
      types: z.array(z.string().min(1)).min(1).optional(),
    })
    .refine(({ allow, pattern }) => allow !== undefined || pattern !== undefined, {
      error: "expected allow, pattern or both",
    }),
  async judge({ content }, settings) {
    const { components } = await content.compiled();
    const { matches, limit } = await nameMatcher(settings);
    return components
      .filter(({ type }) => settings.types?.includes(type) ?? true)
      .filter(({ name }) => !matches(name))
      .map(({ name }) => ({
        message: `the component ${name} is not named as the rule wants`,
        subject: name,
        measured: name,
        limit,
        fix: "Rename the component in the spec and publish again.",
      }));
  },
});

/** The rules about what an artifact is made of. */
export const COMPONENT_RULES: readonly BuiltinRule[] = [
  requiredLabels,
  references,
  baseImage,
  componentNaming,
];
