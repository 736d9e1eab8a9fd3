import { FloeError } from "../errors/index.ts";
import type { Exemption } from "../gates/exemption.ts";
import { checkShape } from "./check-shape.ts";
import { didYouMean } from "./did-you-mean.ts";
import { IssueList, quote } from "./issue-list.ts";
import type { Manifest } from "./manifest.ts";
import { ExemptionsDocument } from "./schema/exemptions-document.ts";
import { readSource, showPath } from "./source/read-source.ts";
import { locate } from "./source/source-tree.ts";

/**
 * Loads the exemptions that a manifest names; none, when it names no file. An expired one is loaded like any other: it has
 * no effect, and whoever it would have helped is told.
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the file is missing or malformed, with **all** errors; or it names a gate or an environment that does not exist
 */
export async function loadExemptions(
  manifest: Pick<Manifest, "policies" | "environments">,
  options: { readonly signal: AbortSignal; readonly cwd?: string },
): Promise<Exemption[]> {
  const path = manifest.policies["exemptions"];
  if (typeof path !== "string") return [];
  const { signal, cwd } = options;
  const shown = showPath(path, cwd);
  const issues = new IssueList();
  const source = await readSource(path, { signal, cwd, issues });
  if ("problem" in source)
    throw new FloeError({
      code: "FLOE_MANIFEST_INVALID",
      message: `artifacts.promotion.policies.exemptions: ${shown} ${source.problem}`,
      hint: "Write the file, or take exemptions out of the manifest; its form is in docs/reference/policies.md.",
      cause: source.cause,
    });
  issues.throwIfAny(shown);
  const { root } = source;
  if (root === null) throw new Error("exemptions without a tree must have an issue");
  const shape = checkShape(ExemptionsDocument, root, { exemptions: [] });
  for (const { path: at, side, message, suggestion } of shape.issues)
    issues.add(locate(root, at, side), at, message, suggestion);
  const environments = manifest.environments.map(({ name }) => name);
  const gates = [
    ...new Set(manifest.environments.flatMap((one) => one.gates.map(({ name }) => name))),
  ];
  const seen = new Set<string>();
  for (const [index, entry] of (shape.value?.exemptions ?? []).entries()) {
    const at = ["exemptions", index];
    const report = (keys: (string | number)[], message: string, near: string | null = null): void =>
      issues.add(locate(root, [...at, ...keys]), [...at, ...keys], message, near);
    if (seen.has(entry.id)) report(["id"], `a second exemption has the id ${quote(entry.id)}`);
    seen.add(entry.id);
    if (!gates.includes(entry.gate))
      report(
        ["gate"],
        `no environment has a gate ${quote(entry.gate)}`,
        didYouMean(entry.gate, gates),
      );
    for (const [place, name] of (entry.match.environments ?? []).entries())
      if (!environments.includes(name))
        report(
          ["match", "environments", place],
          `there is no environment ${quote(name)}`,
          didYouMean(name, environments),
        );
    const { id, subject, rule } = entry.match;
    if (id === undefined && subject === undefined && rule === undefined)
      report(["match"], "names no finding: write id, subject or rule");
  }
  issues.throwIfAny(shown);
  return (shape.value?.exemptions ?? []).map((entry) => ({
    ...entry,
    until: endOf(entry.expires),
  }));
}

// A day counts to its end.
function endOf(expires: string): Date {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(expires);
  return new Date(new Date(expires).getTime() + (day ? 86_400_000 : 0));
}
