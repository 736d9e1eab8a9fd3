import * as z from "zod";
import { WEBHOOK_EVENTS, WEBHOOK_FORMATS } from "../webhook.ts";
import { EnvironmentEntry } from "./environments.ts";
import { GateCommands } from "./gates.ts";
import { Registry } from "./registry.ts";
import { Anything, Duration, Ref, TimeoutSeconds, Url } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";

const AUDIT_PLACE = {
  backend: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,49}$/, "expected oci, s3, database or the id of a plugin's backend")
    .optional(),
  s3_bucket: z.string().min(1).max(255).nullable().optional(),
  database_url: Url.nullable().optional(),
  with: Anything.optional(),
};

const AuditPlace = strictMap(AUDIT_PLACE);
export type AuditPlace = z.infer<typeof AuditPlace>;

const Anchor = strictMap({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,49}$/, "a name has lower-case letters, digits, _ and -")
    .optional(),
  kind: z
    .string()
    .regex(
      /^[a-z][a-z0-9_-]{0,49}$/,
      "expected file, oci, s3, rekor or the id of a plugin's backend",
    )
    .meta({
      description: "file, oci, s3, rekor, or the id of a plugin's backend that keeps checkpoints",
    }),
  path: z.string().min(1).max(4096).optional(),
  registry: Registry.optional(),
  s3_bucket: z.string().min(1).max(255).optional(),
  url: Url.optional(),
  with: Anything.optional(),
});
export type Anchor = z.infer<typeof Anchor>;

const Audit = strictMap({
  ...AUDIT_PLACE,
  repository: Url.optional(),
  previous: z
    .array(AuditPlace)
    .max(20)
    .optional()
    .meta({ description: "Where ledgers were before floe audit move" }),
  anchors: z
    .array(Anchor)
    .max(20)
    .optional()
    .meta({ description: "Where checkpoints are kept besides the one beside the ledger" }),
  retention: Duration.optional().meta({
    description: "Older events may be removed by floe audit prune; at least 730d, default: none",
  }),
});
export type Audit = z.infer<typeof Audit>;

const Webhook = strictMap({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,49}$/, "a name has lower-case letters, digits, _ and -")
    .optional(),
  url: Url,
  insecure: z.boolean().optional(),
  events: z.array(z.enum(WEBHOOK_EVENTS)).min(1).optional(),
  format: z.enum(WEBHOOK_FORMATS).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  secret_ref: Ref.optional(),
  timeout_seconds: z.int().min(1).max(300).optional(),
  retry_count: z.int().min(0).max(10).optional(),
});

/** `artifacts.promotion.policies`; `@floe/policy` checks what is inside. */
export const Policies = z.looseObject({
  rules: z.array(Anything).optional(),
  exemptions: z.string().min(1).max(4096).optional(),
  secret_scanning: Anything.optional(),
  overrides: z.array(Anything).optional(),
});
export type Policies = z.infer<typeof Policies>;

/** `artifacts.promotion`. */
export const Promotion = strictMap({
  operator: strictMap({ key_ref: Ref.optional() }).optional(),
  environments: z
    .array(EnvironmentEntry)
    .min(1)
    .optional()
    .meta({ description: "In promotion order; default dev, staging, prod" }),
  gate_commands: GateCommands.optional(),
  default_timeout_seconds: TimeoutSeconds.optional(),
  policies: Policies.optional(),
  audit: Audit.optional(),
  webhooks: z.array(Webhook).optional(),
  rollback: strictMap({ block_on_impact: z.boolean().optional() }).optional(),
});
export type Promotion = z.infer<typeof Promotion>;
