import type { Finding } from "../finding.ts";
import { matchProduct, type VexArtifact } from "./match-product.ts";
import type { VexStatement } from "./vex-statement.ts";

/** A finding that does not count, and the statement that says so. */
export interface Excused {
  readonly finding: Finding;
  readonly statement: VexStatement;
}

/** Findings, parted by what VEX documents say of them. */
export interface VexOutcome {
  readonly counted: readonly Finding[];
  readonly excused: readonly Excused[];
}

/**
 * Sets findings aside that a statement calls `not_affected` or `fixed`. Of several statements on one finding the newest
 * decides, by its time and not by its place; of two of the same time, the one that sets nothing aside.
 * Only vulnerabilities can be excused.
 */
export function applyVex(
  findings: readonly Finding[],
  statements: readonly VexStatement[],
  artifact: VexArtifact,
): VexOutcome {
  const byName = new Map<string, VexStatement[]>();
  for (const statement of statements) {
    for (const name of statement.vulnerabilities) {
      const list = byName.get(name);
      if (list) list.push(statement);
      else byName.set(name, [statement]);
    }
  }
  const counted: Finding[] = [];
  const excused: Excused[] = [];
  for (const finding of findings) {
    const about =
      finding.kind === "vulnerability"
        ? finding.ids.flatMap((id) => byName.get(id.toUpperCase()) ?? [])
        : [];
    const statement = about
      .filter(({ products }) =>
        products.some((product) => matchProduct(product, artifact, finding.package)),
      )
      .reduce<VexStatement | undefined>(newer, undefined);
    if (statement && excuses(statement)) excused.push({ finding, statement });
    else counted.push(finding);
  }
  return { counted, excused };
}

function excuses({ status }: VexStatement): boolean {
  return status === "not_affected" || status === "fixed";
}

function newer(first: VexStatement | undefined, second: VexStatement): VexStatement {
  if (first === undefined) return second;
  const difference = second.time.getTime() - first.time.getTime();
  if (difference !== 0) return difference > 0 ? second : first;
  return excuses(second) ? first : second;
}
