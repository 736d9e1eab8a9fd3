import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import { optionalText } from "../readers/optional-fields.ts";
import { readTime } from "./read-time.ts";
import type { VexProduct, VexStatement } from "./vex-statement.ts";

const Named = z.object({
  "@id": optionalText,
  identifiers: z.record(z.string(), z.string()).nullish(),
  hashes: z.record(z.string(), z.string()).nullish(),
});

const Component = z.union([z.string(), Named]);

const Product = z.union([
  z.string(),
  Named.extend({ subcomponents: z.array(Component).nullish() }),
]);

const Statement = z.object({
  vulnerability: z.union([
    z.string(),
    z.object({ name: z.string(), aliases: z.array(z.string()).nullish() }),
  ]),
  products: z.array(Product).nullish(),
  status: z.enum(["not_affected", "affected", "fixed", "under_investigation"]),
  justification: optionalText,
  impact_statement: optionalText,
  timestamp: optionalText,
  last_updated: optionalText,
});

const Document = z.object({
  "@context": z.string().regex(/^https:\/\/openvex\.dev\/ns/),
  timestamp: optionalText,
  last_updated: optionalText,
  statements: z.array(Statement),
});

/** Whether a value looks like an OpenVEX document. */
export function isOpenVex(value: unknown): boolean {
  return typeof value === "object" && value !== null && "@context" in value;
}

/**
 * Reads an OpenVEX document. A statement without a time of its own has that of the document.
 *
 * @throws {Error} when it is of another shape, or a `not_affected` gives no reason (OpenVEX 0.2.0 demands one).
 */
export function readOpenVex(value: unknown, source: string): VexStatement[] {
  const document = readShape(Document, value, "OpenVEX");
  return document.statements.map((statement, index): VexStatement => {
    const { vulnerability, status } = statement;
    const justification = statement.justification || statement.impact_statement || undefined;
    if (status === "not_affected" && justification === undefined) {
      throw new Error(
        `statement ${index + 1} says not_affected without a justification or an impact_statement`,
      );
    }
    const names =
      typeof vulnerability === "string"
        ? [vulnerability]
        : [vulnerability.name, ...(vulnerability.aliases ?? [])];
    return {
      vulnerabilities: names.map((name) => name.toUpperCase()),
      products: (statement.products ?? []).map(readProduct),
      status,
      justification,
      time: readTime(
        statement.last_updated ||
          statement.timestamp ||
          document.last_updated ||
          document.timestamp,
        `statement ${index + 1}`,
      ),
      source,
    };
  });
}

function readProduct(product: z.infer<typeof Product>): VexProduct {
  if (typeof product === "string") return { names: [product], subcomponents: [] };
  return {
    names: namesOf(product),
    subcomponents: (product.subcomponents ?? []).flatMap((one) =>
      typeof one === "string" ? one : namesOf(one),
    ),
  };
}

function namesOf(named: z.infer<typeof Named>): string[] {
  const hashes = Object.entries(named.hashes ?? {}).map(
    ([algorithm, hash]) => `${algorithm.toLowerCase().replace(/^sha-(?=256|512)/, "sha")}:${hash}`,
  );
  return [named["@id"] ?? "", ...Object.values(named.identifiers ?? {}), ...hashes].filter(Boolean);
}
