import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import { optionalText } from "../readers/optional-fields.ts";
import { purlOfRef } from "../readers/read-cyclonedx.ts";
import { readTime } from "./read-time.ts";
import type { VexStatement } from "./vex-statement.ts";

const Component = z.object({ "bom-ref": optionalText, purl: optionalText });

const Document = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.object({ timestamp: optionalText, component: Component.nullish() }).nullish(),
  components: z.array(Component).nullish(),
  vulnerabilities: z.array(
    z.object({
      id: z.string().min(1),
      references: z.array(z.object({ id: optionalText })).nullish(),
      updated: optionalText,
      published: optionalText,
      affects: z.array(z.object({ ref: z.string() })).nullish(),
      analysis: z
        .object({
          state: optionalText,
          justification: optionalText,
          firstIssued: optionalText,
          lastUpdated: optionalText,
        })
        .nullish(),
    }),
  ),
});

const STATUS: Readonly<Record<string, VexStatement["status"]>> = {
  not_affected: "not_affected",
  false_positive: "not_affected",
  resolved: "fixed",
  resolved_with_pedigree: "fixed",
  exploitable: "affected",
  in_triage: "under_investigation",
};

/** A document without any time loses against every one that has one. */
const NEVER = "1970-01-01T00:00:00Z";

/**
 * Reads the analyses of a CycloneDX document as VEX statements.
 *
 * @throws {Error} when it is of another shape.
 */
export function readCycloneDxVex(value: unknown, source: string): VexStatement[] {
  const document = readShape(Document, value, "CycloneDX VEX");
  const known = [
    ...(document.components ?? []),
    ...(document.metadata?.component ? [document.metadata.component] : []),
  ];
  const purls = new Map(known.map((one) => [one["bom-ref"] ?? "", one.purl ?? ""]));
  return document.vulnerabilities.flatMap((one, index): VexStatement[] => {
    const status = STATUS[one.analysis?.state ?? ""];
    if (status === undefined) return [];
    const { lastUpdated, firstIssued, justification } = one.analysis ?? {};
    const time =
      lastUpdated || firstIssued || document.metadata?.timestamp || one.updated || one.published;
    return [
      {
        vulnerabilities: [one.id, ...(one.references ?? []).flatMap(({ id }) => id || [])].map(
          (name) => name.toUpperCase(),
        ),
        products: (one.affects ?? []).flatMap(({ ref }) => {
          const purl = purls.get(ref) || purlOfRef(ref);
          return purl ? [{ names: [purl], subcomponents: [] }] : [];
        }),
        status,
        justification: justification || undefined,
        time: readTime(time || NEVER, `vulnerability ${index + 1}`),
        source,
      },
    ];
  });
}
