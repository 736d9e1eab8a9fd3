import * as z from "zod";
import { Gates } from "./gates.ts";
import { Registry } from "./registry.ts";
import { Duration, Name, Text, TimeoutSeconds } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";

const LocalTime = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?$/,
    "a local time is written 2026-12-20T00:00; the zone goes into timezone",
  );

const Freeze = strictMap({
  start: LocalTime.optional(),
  end: LocalTime.optional(),
  rrule: z.string().min(1).max(500).optional(),
  duration: Duration.optional(),
  timezone: z.string().min(1).max(100).optional(),
  reason: Text.optional(),
  allow: z.array(z.enum(["rollback", "promote", "lock", "unlock"])).optional(),
});
export type Freeze = z.infer<typeof Freeze>;

const Authorization = strictMap({
  allowed_groups: z.array(Name).optional(),
  allowed_operators: z.array(Name).optional(),
  separation_of_duties: z
    .union([z.boolean(), strictMap({ exempt: z.array(Name).min(1) })], {
      error: "expected true, false or a map with exempt",
    })
    .optional(),
  pin_policy: z.boolean().optional(),
});
export type Authorization = z.infer<typeof Authorization>;

const Approvals = strictMap({
  required: z.int().min(1).max(50),
  from_groups: z.array(Name).min(1),
  self_approval: z.boolean().optional(),
  expires_hours: z.int().min(1).max(8760).optional(),
});

/** One entry of `artifacts.promotion.environments`. */
export const EnvironmentEntry = strictMap({
  name: z.string(),
  gates: Gates.optional(),
  gate_timeout_seconds: TimeoutSeconds.optional(),
  registry: Registry.optional(),
  authorization: Authorization.optional(),
  approvals: Approvals.optional(),
  freeze: z.array(Freeze).optional(),
  soak: strictMap({ from: z.string(), hours: z.number().positive().max(8760) }).optional(),
  overrides: z.record(z.string(), strictMap({ groups: z.array(Name).min(1) })).optional(),
});
export type EnvironmentEntry = z.infer<typeof EnvironmentEntry>;
