import { z } from "zod";
import { globSchema, matchesAny } from "../glob.ts";
import { durationSchema, sizeSchema } from "../quantity.ts";
import type { ImageManifest, ManifestReading } from "../read-manifest.ts";
import { CannotJudge } from "./cannot-judge.ts";
import { COMPONENT_RULES } from "./component-rules.ts";
import { nameMatcher, patternSchema } from "./name-pattern.ts";
import { type BuiltinRule, defineRule, type RuleInput } from "./rule.ts";
import { TRUST_RULES } from "./trust.ts";

const globs = z.array(globSchema).min(1);
const annotationKey = z.string().min(1).max(256);
const CREATED = "org.opencontainers.image.created";
/** Clocks of builders and registries differ a little. */
const CLOCK_SKEW_MS = 5 * 60_000;

function annotation({ artifact }: RuleInput, key: string): string | null {
  return Object.hasOwn(artifact.annotations, key) ? (artifact.annotations[key] ?? null) : null;
}

function readable(manifest: ManifestReading): Extract<ManifestReading, { ok: true }>["value"] {
  if (!manifest.ok) throw new CannotJudge(`the manifest cannot be read: ${manifest.problem}`);
  return manifest.value;
}

function image(manifest: ManifestReading, what: string): ImageManifest {
  const value = readable(manifest);
  if (value.kind === "index") {
    throw new CannotJudge(`the artifact is an index, which does not say ${what}`);
  }
  return value;
}

const allowedRegistries = defineRule({
  name: "allowed_registries",
  code: "FLOE-E201",
  summary: "The repository matches one of the patterns `allow`.",
  settings: z.strictObject({ allow: globs }),
  judge({ repositories }, { allow }) {
    return repositories
      .filter((repository) => !matchesAny(allow, repository))
      .map((repository) => ({
        message: `the repository ${repository} is not allowed`,
        subject: repository,
        measured: repository,
        limit: allow.join(", "),
        fix: "Publish to an allowed repository, or add this one to the rule's `allow`.",
      }));
  },
});

const requiredAnnotations = defineRule({
  name: "required_annotations",
  code: "FLOE-E202",
  summary:
    "Every annotation of `annotations` is there, is not empty and matches its `value` if it has one.",
  settings: z.strictObject({
    annotations: z
      .array(
        z.union([
          annotationKey.transform((key) => ({ key, value: null })),
          z.strictObject({
            key: annotationKey,
            value: z.union([globSchema.transform((glob) => [glob]), globs]),
          }),
        ]),
      )
      .min(1),
  }),
  judge(input, settings) {
    return settings.annotations.flatMap(({ key, value }) => {
      const found = annotation(input, key);
      if (found === null || found.trim() === "") {
        return [
          {
            message: `the annotation ${key} is missing or empty`,
            subject: key,
            ...(value && { limit: value.join(", ") }),
            fix: `Publish the artifact with the annotation ${key}.`,
          },
        ];
      }
      if (value === null || matchesAny(value, found)) return [];
      return [
        {
          message: `the annotation ${key} does not have an allowed value`,
          subject: key,
          measured: found,
          limit: value.join(", "),
          fix: `Publish the artifact with an allowed value of ${key}.`,
        },
      ];
    });
  },
});

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

const maxAge = defineRule({
  name: "max_age",
  code: "FLOE-E203",
  summary: `The artifact is not older than \`max\`, by its annotation ${CREATED}.`,
  settings: z.strictObject({ max: durationSchema }),
  judge(input, { max }) {
    const created = annotation(input, CREATED);
    if (created === null) {
      throw new CannotJudge(`the artifact has no annotation ${CREATED} to tell its age by`);
    }
    const time = DATE_TIME.test(created) ? Date.parse(created) : Number.NaN;
    if (Number.isNaN(time)) {
      throw new CannotJudge(
        `${CREATED} is ${JSON.stringify(created.slice(0, 100))}, which is no RFC 3339 time`,
      );
    }
    const age = input.now.getTime() - time;
    if (age < -CLOCK_SKEW_MS) throw new CannotJudge(`${CREATED} is in the future: ${created}`);
    if (age <= max.milliseconds) return [];
    return [
      {
        message: `the artifact was created at ${created}, which is longer ago than ${max.text}`,
        subject: CREATED,
        measured: `${Math.floor(age / 86_400_000)}d`,
        limit: max.text,
        fix: "Build the artifact again and promote the new version.",
      },
    ];
  },
});

const maxSize = defineRule({
  name: "max_size",
  code: "FLOE-E204",
  summary: "Manifest, config and layers together are not larger than `max`.",
  settings: z.strictObject({ max: sizeSchema }),
  judge({ artifact, manifest }, { max }) {
    const { config, layers } = image(manifest, "how large the images are that it lists");
    // A layer that is listed twice is stored and pulled once.
    const sizes = new Map([config, ...layers].map(({ digest, size }) => [digest, size]));
    const total = [...sizes.values()].reduce((sum, size) => sum + size, artifact.size);
    if (total <= max.bytes) return [];
    return [
      {
        message: `the artifact has ${total} bytes, which is more than ${max.text}`,
        measured: total,
        limit: max.bytes,
        fix: "Make the artifact smaller, or raise the rule's `max`.",
      },
    ];
  },
});

const allowedMediaTypes = defineRule({
  name: "allowed_media_types",
  code: "FLOE-E205",
  summary:
    "The media type of the manifest, of its config or of each layer (`of`) matches one of the patterns `allow`.",
  settings: z.strictObject({
    allow: globs,
    of: z.enum(["manifest", "config", "layers"]).default("manifest"),
  }),
  judge({ artifact, manifest }, { allow, of }) {
    const listed = (): { mediaType: string; digest: string }[] => {
      if (of === "manifest") return [artifact];
      const { config, layers } = image(manifest, `what ${of} the images have that it lists`);
      return of === "config" ? [config] : layers;
    };
    return listed()
      .filter(({ mediaType }) => !matchesAny(allow, mediaType))
      .map(({ mediaType, digest }) => ({
        message: `the media type ${mediaType} is not allowed (${of})`,
        subject: digest,
        measured: mediaType,
        limit: allow.join(", "),
        fix: "Publish the artifact with allowed media types, or add this one to the rule's `allow`.",
      }));
  },
});

const allowedArtifactTypes = defineRule({
  name: "allowed_artifact_types",
  code: "FLOE-E206",
  summary:
    "The artifact type, or else the config's media type, matches one of the patterns `allow`.",
  settings: z.strictObject({ allow: globs }),
  judge({ manifest }, { allow }) {
    const value = readable(manifest);
    // image-spec, `manifest.md`: without artifactType the config's media type says what the artifact is.
    const type = value.artifactType ?? (value.kind === "image" ? value.config.mediaType : "");
    if (type !== "" && matchesAny(allow, type)) return [];
    return [
      {
        message:
          type === ""
            ? "the index has no artifact type"
            : `the artifact type ${type} is not allowed`,
        measured: type || "none",
        limit: allow.join(", "),
        fix: "Publish an artifact of an allowed type, or add this one to the rule's `allow`.",
      },
    ];
  },
});

const naming = defineRule({
  name: "naming",
  code: "FLOE-E207",
  summary:
    "The version, or the annotation `annotation`, matches one of the patterns `allow` and the expression `pattern`.",
  settings: z
    .strictObject({
      allow: globs.optional(),
      pattern: patternSchema.optional(),
      annotation: annotationKey.optional(),
    })
    .refine(({ allow, pattern }) => allow !== undefined || pattern !== undefined, {
      error: "expected allow, pattern or both",
    }),
  async judge(input, settings) {
    const { annotation: key } = settings;
    const { matches, limit } = await nameMatcher(settings);
    const what = key === undefined ? "version" : `annotation ${key}`;
    const name = key === undefined ? input.artifact.version : annotation(input, key);
    if (name !== null && matches(name)) return [];
    return [
      {
        message:
          name === null ? `the ${what} is missing` : `the ${what} is not named as the rule wants`,
        subject: key ?? input.artifact.version,
        ...(name !== null && { measured: name }),
        limit,
        fix: `Publish the artifact with another ${what}.`,
      },
    ];
  },
});

/** The rules that a manifest can ask for, by name. */
export const CONFIGURABLE: ReadonlyMap<string, BuiltinRule> = new Map(
  [
    allowedRegistries,
    requiredAnnotations,
    maxAge,
    maxSize,
    allowedMediaTypes,
    allowedArtifactTypes,
    naming,
    ...TRUST_RULES,
    ...COMPONENT_RULES,
  ].map((rule) => [rule.name, rule]),
);
