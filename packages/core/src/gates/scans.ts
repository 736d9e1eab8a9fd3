import * as z from "zod";

/** Characters of JSON that all scans of a verdict may have. A statement with them is within what a store gives whole. */
export const MAX_SCANS_CHARACTERS = 2 * 1024 * 1024;

const MAX_SCANS = 64;
const MAX_RESULTS = 20_000;

/** Text that can be signed and shown: neither control characters nor halves of surrogate pairs. */
function text(most: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(most)
    .refine((value) => value.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(value), {
      error: "has control characters",
    });
}

const Uri = text(1000).refine((value) => URL.canParse(value), { error: "is no URI" });

const Annotation = z.union([text(2000), z.number(), z.boolean(), z.array(text(200)).max(50)]);

const Annotations = z
  .record(text(100), Annotation)
  .refine((value) => Object.keys(value).length <= 20, { error: "has more than 20 members" });

const Vulnerability = z.strictObject({
  id: text(300),
  severity: z.array(z.strictObject({ method: text(100), score: text(300) })).max(40),
  annotations: Annotations.optional(),
});

const Scan = z.strictObject({
  scanner: z.strictObject({
    uri: Uri,
    version: text(200).optional(),
    db: z
      .strictObject({
        uri: Uri.optional(),
        version: text(200).optional(),
        lastUpdate: z.iso.datetime().optional(),
      })
      .optional(),
  }),
  result: z.array(Vulnerability).max(MAX_RESULTS),
});

/** What a plugin says that scanners found; it is signed, so a plugin is not trusted with its form. */
export const Scans = z.array(Scan).max(MAX_SCANS);
