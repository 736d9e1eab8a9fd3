import * as z from "zod";
import { Duration, GateName, Name, Ref, Text, TimeoutSeconds, VariableName } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";

/** A command: words, or text that is split into words with shell quoting. */
const Command = z.union([z.array(z.string().max(100_000)).min(1), Text], {
  error: "expected a list of words or text",
});

const Report = z.union(
  [
    Text,
    strictMap({
      path: Text,
      format: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._-]{0,49}$/, "a format is lower case, such as junit or auto")
        .optional(),
    }),
  ],
  { error: "expected a path or pattern, or a map with path and format" },
);

const Platform = z
  .string()
  .regex(
    /^[a-z0-9]{1,50}\/[a-z0-9_]{1,50}(?:\/[a-z0-9]{1,50})?$/,
    "a platform is os/arch, such as linux/amd64",
  );

const ExitStatuses = z.array(z.int().min(1).max(255));

/** How a gate's command runs: common to gates and `gate_commands`. */
const running = {
  command: Command.optional(),
  shell: z.boolean().optional(),
  reports: z.array(Report).optional(),
  cwd: z.string().min(1).max(4096).optional(),
  env: z.record(VariableName, z.string().max(100_000)).optional(),
  pass_env: z.array(VariableName).optional(),
  secret_env: z.record(VariableName, Ref).optional(),
  exit_codes: strictMap({
    warn: ExitStatuses.optional(),
    error: ExitStatuses.optional(),
  }).optional(),
  retry: z
    .union([z.int().min(1).max(10), strictMap({ attempts: z.int().min(1).max(10) })], {
      error: "expected a number of attempts, or a map with attempts",
    })
    .optional(),
  timeout_seconds: TimeoutSeconds.optional(),
  exclusive: z.boolean().optional(),
};

/** What a gate demands: only where an environment lists it. */
const demanding = {
  kind: GateName.optional(),
  required: z.boolean().optional(),
  needs: z.array(GateName).optional(),
  platforms: z
    .union([z.literal("all"), z.array(Platform).min(1)], {
      error: "expected all, or a list of platforms such as linux/amd64",
    })
    .optional(),
  max_age: Duration.optional(),
  evidence_from: z.array(Name).min(1).optional(),
  from_attestation: strictMap({
    predicate_type: z.string().min(1).max(2048),
    signers: z.array(Name).min(1).optional(),
    max_age: Duration.optional(),
  }).optional(),
};

/** Keys that floe reads itself; every other key of a gate's map is the gate's own setting. */
export const RUNNING_KEYS: readonly string[] = Object.keys(running);
export const DEMANDING_KEYS: readonly string[] = Object.keys(demanding);
export const COMMON_GATE_KEYS: readonly string[] = [...DEMANDING_KEYS, ...RUNNING_KEYS];

/** A gate written as a map. */
export const GateMap = z.looseObject({ ...demanding, ...running });
export type GateMap = z.infer<typeof GateMap>;

/** `gates` of an environment. */
export const Gates = z.record(
  GateName,
  z.union([z.boolean(), GateMap], { error: "expected true, false or a map" }),
);
export type Gates = z.infer<typeof Gates>;

/** One entry of `gate_commands`. */
export const GateCommandMap = z.looseObject(running);
export type GateCommandMap = z.infer<typeof GateCommandMap>;

/** `artifacts.promotion.gate_commands`. */
export const GateCommands = z.record(GateName, GateCommandMap);
