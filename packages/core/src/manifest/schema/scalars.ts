import * as z from "zod";
import { parseTimestamp } from "../../model/timestamp.ts";
import { parseDuration } from "../duration.ts";

/** Text that is not empty. */
export const Text = z.string().min(1).max(10_000);

/** `env:NAME`, `file:PATH` or a bare path. */
export const Ref = z
  .string()
  .min(1)
  .max(4096)
  .meta({ description: "env:NAME, file:PATH or a path (relative to this file)" });

/** A URL; `${VAR}` in it is replaced by environment variables. */
export const Url = z.string().min(1).max(4096);

/** Name of an identity or a group. */
export const Name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/,
    "a name has letters, digits and . _ @ + -, at most 100",
  );

/** Key of a gate. */
export const GateName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,49}$/,
    "a gate's name starts with a lower-case letter and has lower-case letters, digits and _, at most 50",
  );

/** Name of an environment variable. */
export const VariableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, "not a name that an environment variable can have");

/** `90s`, `15m`, `24h`, `7d`. */
export const Duration = z
  .string()
  .regex(/^\d{1,9}[smhd]$/, {
    message: "a duration is written 90s, 15m, 24h or 7d",
    abort: true,
  })
  .refine((text) => parseDuration(text) !== null, "a duration is at least 1s and at most 3650d");

/** RFC 3339 with a zone, or a date. */
export const Timestamp = z
  .string()
  .refine(
    (text) => parseTimestamp(text) !== null,
    "an instant is written 2026-12-31 or 2026-12-31T18:00:00Z",
  )
  .meta({ description: "RFC 3339 with a zone, or a date (its first second in UTC)" });

/** Seconds that a gate may take. */
export const TimeoutSeconds = z.int().min(30).max(3600);

/** `off` also as `disabled` or `false`. */
export const Enforcement = z.union([
  z.enum(["enforce", "warn", "off", "disabled"]),
  z.literal(false),
]);

/** Anything that the manifest passes on unread. */
export const Anything = z.record(z.string(), z.unknown());
