import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import { optionalText } from "../readers/optional-fields.ts";
import { readTime } from "./read-time.ts";
import type { VexProduct, VexStatement } from "./vex-statement.ts";

const FullProduct = z.object({
  product_id: z.string(),
  product_identification_helper: z
    .object({
      purl: optionalText,
      purls: z.array(z.string()).nullish(),
      hashes: z
        .array(
          z.object({
            file_hashes: z.array(z.object({ algorithm: z.string(), value: z.string() })),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

type CsafBranch = {
  readonly product?: z.infer<typeof FullProduct> | null | undefined;
  readonly branches?: readonly CsafBranch[] | null | undefined;
};

const Branch: z.ZodType<CsafBranch> = z.object({
  product: FullProduct.nullish(),
  get branches() {
    return z.array(Branch).nullish();
  },
});

const Document = z.object({
  document: z.object({
    category: z.string(),
    tracking: z.object({ current_release_date: optionalText }),
  }),
  product_tree: z
    .object({
      branches: z.array(Branch).nullish(),
      full_product_names: z.array(FullProduct).nullish(),
      relationships: z
        .array(
          z.object({
            full_product_name: FullProduct,
            product_reference: z.string(),
            relates_to_product_reference: z.string(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  vulnerabilities: z
    .array(
      z.object({
        cve: optionalText,
        ids: z.array(z.object({ text: z.string() })).nullish(),
        flags: z
          .array(z.object({ label: z.string(), product_ids: z.array(z.string()).nullish() }))
          .nullish(),
        product_status: z.record(z.string(), z.array(z.string())).nullish(),
      }),
    )
    .nullish(),
});

/** What the lists of `product_status` say; `recommended` says nothing of the vulnerability. */
const STATUS: Readonly<Record<string, VexStatement["status"]>> = {
  known_not_affected: "not_affected",
  fixed: "fixed",
  first_fixed: "fixed",
  known_affected: "affected",
  first_affected: "affected",
  last_affected: "affected",
  under_investigation: "under_investigation",
};

/** Whether a value looks like a CSAF document. */
export function isCsaf(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "document" in value &&
    typeof value.document === "object" &&
    value.document !== null &&
    "csaf_version" in value.document
  );
}

/**
 * Reads a CSAF document of the profile VEX. Products count that have a package URL or a hash.
 *
 * @throws {Error} when it is of another shape or another profile: an advisory is not written as a VEX document.
 */
export function readCsaf(value: unknown, source: string): VexStatement[] {
  const { document, product_tree: tree, vulnerabilities } = readShape(Document, value, "CSAF");
  if (document.category !== "csaf_vex") {
    throw new Error(
      `its category is ${JSON.stringify(document.category.slice(0, 60))}; only documents of category csaf_vex are read as VEX`,
    );
  }
  const products = readProducts(tree);
  const time = readTime(document.tracking.current_release_date, "the document");
  return (vulnerabilities ?? []).flatMap((one) =>
    Object.entries(one.product_status ?? {}).flatMap(([list, ids]): VexStatement[] => {
      const status = STATUS[list];
      if (status === undefined) return [];
      return [
        {
          vulnerabilities: [one.cve ?? "", ...(one.ids ?? []).map(({ text }) => text)]
            .filter(Boolean)
            .map((name) => name.toUpperCase()),
          products: ids.flatMap((id) => products.get(id) ?? []),
          status,
          justification: one.flags?.find(({ product_ids }) =>
            product_ids?.some((id) => ids.includes(id)),
          )?.label,
          time,
          source,
        },
      ];
    }),
  );
}

function readProducts(
  tree: z.infer<typeof Document>["product_tree"],
): ReadonlyMap<string, VexProduct> {
  const products = new Map<string, VexProduct>();
  const add = (one: z.infer<typeof FullProduct>): void => {
    products.set(one.product_id, { names: namesOf(one), subcomponents: [] });
  };
  const walk = (branches: readonly CsafBranch[]): void => {
    for (const branch of branches) {
      if (branch.product) add(branch.product);
      walk(branch.branches ?? []);
    }
  };
  walk(tree?.branches ?? []);
  for (const one of tree?.full_product_names ?? []) add(one);
  for (const relation of tree?.relationships ?? []) {
    // "This component in that product": the product must be the artifact, and the component the package.
    const component = products.get(relation.product_reference);
    const whole = products.get(relation.relates_to_product_reference);
    products.set(relation.full_product_name.product_id, {
      names: whole?.names ?? [],
      subcomponents: component?.names ?? [],
    });
  }
  return products;
}

function namesOf({ product_identification_helper: helper }: z.infer<typeof FullProduct>): string[] {
  const hashes = (helper?.hashes ?? []).flatMap(({ file_hashes: list }) =>
    list.map(({ algorithm, value }) => `${algorithm.toLowerCase().replace("-", "")}:${value}`),
  );
  return [helper?.purl ?? "", ...(helper?.purls ?? []), ...hashes].filter(Boolean);
}
