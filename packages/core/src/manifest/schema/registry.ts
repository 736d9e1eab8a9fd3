import * as z from "zod";
import { Ref, Url } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";

const Auth = strictMap({
  type: z
    .enum([
      "auto",
      "anonymous",
      "basic",
      "token",
      "aws-irsa",
      "azure-managed-identity",
      "gcp-workload-identity",
    ])
    .optional(),
  credentials_ref: Ref.optional(),
});

/** A repository: `artifacts.registry` and an environment's own `registry`. */
export const Registry = strictMap({
  uri: Url.meta({ description: "oci://host[:port]/repository, or oci-layout:PATH" }).optional(),
  auth: Auth.optional(),
  tls_verify: z.boolean().optional(),
  insecure: z.boolean().optional(),
  cache: strictMap({
    enabled: z.boolean().optional(),
    path: z.string().min(1).max(4096).nullable().optional(),
    max_size_gb: z.number().positive().max(100_000).optional(),
    ttl_hours: z.number().positive().max(87_600).optional(),
  }).optional(),
  resilience: strictMap({
    retry: strictMap({
      max_attempts: z.int().min(1).max(20).optional(),
      initial_delay_ms: z.int().min(0).max(600_000).optional(),
      backoff_multiplier: z.number().min(1).max(10).optional(),
      max_delay_ms: z.int().min(0).max(600_000).optional(),
      jitter: z.boolean().optional(),
    }).optional(),
    circuit_breaker: strictMap({
      enabled: z.boolean().optional(),
      failure_threshold: z.int().min(1).max(1000).optional(),
      recovery_timeout_ms: z.int().min(0).max(3_600_000).optional(),
      half_open_requests: z.int().min(1).max(100).optional(),
    }).optional(),
  }).optional(),
});
export type Registry = z.infer<typeof Registry>;

/** One entry of `artifacts.secondary_registries`. */
export const SecondaryRegistry = strictMap({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,49}$/, "a name has lower-case letters, digits, _ and -"),
  ...Registry.shape,
  uri: Url,
  timeout_seconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .meta({ description: "How long one sync may take; default 300" }),
});
