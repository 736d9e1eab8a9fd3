import * as z from "zod";
import { PARSE_ONCE } from "../../model/parse-once.ts";
import { strictMap } from "./strict-map.ts";

// A pattern that matches everything would switch a gate off.
const Pattern = z
  .string()
  .min(1)
  .max(300)
  .refine((text) => /[^*\s]/.test(text), "a pattern of * alone would exempt everything");

const Match = strictMap({
  code: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9_-]{0,63}$/, "expected a reason's code, such as FLOE-E207")
    .optional(),
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{2,199}$/, "expected one word, such as CVE-2026-1234")
    .optional(),
  subject: Pattern.optional(),
  rule: z.string().min(1).max(64).optional(),
  environments: z.array(z.string().min(1).max(50)).min(1).optional(),
  versions: z.array(Pattern).min(1).max(100).optional(),
});

const Entry = strictMap({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "an id has letters, digits and . _ -, at most 64"),
  gate: z.string().min(1).max(50),
  match: Match,
  owner: z.string().trim().min(1).max(200),
  reason: z
    .string()
    .max(1000)
    .refine((text) => text.trim().length >= 10, "say why, in ten characters or more"),
  expires: z.string().refine(
    (text) =>
      z.iso
        .date()
        .or(z.iso.datetime({ offset: true }))
        .safeParse(text, PARSE_ONCE).success,
    "expected a date such as 2027-01-31 or an RFC 3339 time",
  ),
});

/** A whole exemptions file. */
export const ExemptionsDocument = strictMap({
  exemptions: z.array(Entry).max(1000),
});
export type ExemptionsDocument = z.infer<typeof ExemptionsDocument>;
