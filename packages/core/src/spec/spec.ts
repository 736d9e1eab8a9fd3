import * as z from "zod";
import { Text } from "../manifest/schema/scalars.ts";
import { strictMap } from "../manifest/schema/strict-map.ts";

/** More components than any platform has; it bounds what a hostile file costs. */
const MAX_COMPONENTS = 10_000;

const ComponentName = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,98}[A-Za-z0-9])?$/,
    "a name has letters, digits and . _ - /, at most 100, and ends in letters or digits",
  );

const Label = z.string().max(1000);

/** One part of the platform: a service, a chart, a set of rules. */
export const Component = strictMap({
  name: ComponentName,
  /** What it is, in the user's own words: `service`, `chart`, `topic`. */
  type: z.string().min(1).max(100),
  version: z.string().min(1).max(128).optional(),
  description: Text.optional(),
  /** Names of components that this one cannot do without. */
  depends_on: z.array(z.string().min(1).max(200)).max(1000).optional(),
  tags: z.array(z.string().min(1).max(100)).max(100).optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  /** JSON Schema (draft 2020-12, or what its `$schema` says) that `config` has to meet. */
  schema: z.record(z.string(), z.unknown()).optional(),
});
export type Component = z.infer<typeof Component>;

/** A whole `floe.yaml`: what a platform is made of. */
export const Spec = strictMap({
  apiVersion: z.literal("floe.dev/v1"),
  kind: z.literal("Spec"),
  metadata: strictMap({
    name: z.string().min(1).max(200),
    version: z.string().min(1).max(128).optional(),
    owner: z.string().min(1).max(500).optional(),
    description: Text.optional(),
    labels: z.record(z.string().min(1).max(200), Label).optional(),
  }),
  components: z.array(Component).max(MAX_COMPONENTS),
});
export type Spec = z.infer<typeof Spec>;
