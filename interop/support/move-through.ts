import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LedgerProject, Row } from "./ledger-project.ts";

/** A place that ledgers can be moved to, as `audit` of the manifest names it. */
export type Place = Readonly<Record<string, unknown>>;

interface Document {
  readonly artifacts: { readonly promotion: { audit: Place & { previous?: readonly Place[] } } };
}

/**
 * Writes `new.yaml` beside the manifest of a project: it names another place, and those before in `previous`.
 * @returns what puts it in the place of the other one
 */
export function manifestFor({ folder }: Pick<LedgerProject, "folder">, place: Place): () => void {
  const path = join(folder, "manifest.yaml");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Document;
  const { promotion } = manifest.artifacts;
  const { previous = [], ...here } = promotion.audit;
  // The registry is found by itself, and a place is named once.
  const named = [...previous, here].filter(
    (one, index, all) =>
      one["backend"] !== "oci" &&
      all.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index,
  );
  promotion.audit = { ...place, previous: named };
  writeFileSync(join(folder, "new.yaml"), JSON.stringify(manifest));
  return () => renameSync(join(folder, "new.yaml"), path);
}

/** What `audit verify` says about an environment: exit code, the four answers, how many events, and what was found. */
export async function answersOf(project: LedgerProject, environment: string): Promise<string> {
  const { code, said } = await project.json("audit", "verify", "--env", environment);
  if (!Array.isArray(said)) return `${code}: ${JSON.stringify(said)}`;
  const [{ verdicts, events }] = said as [
    { events: number; verdicts: Record<string, { verdict: string; summary: string }> },
  ];
  const { integrity, completeness, authenticity, anchoring } = verdicts;
  const all = [integrity, completeness, authenticity, anchoring];
  const failed = all.flatMap((one) => (one?.verdict === "failed" ? [`: ${one.summary}`] : []));
  return `${code}: ${all.map((one) => one?.verdict).join(" ")}, ${events} events${failed.join("")}`;
}

/** What an environment runs, as `status` says it. */
export async function standingOf(project: LedgerProject, environment: string): Promise<Row> {
  const [row] = (await project.done("status", "--env", environment)) as [Row];
  const { version, drift, ledger } = row;
  return { version, drift, ledger };
}
