import type { Finding } from "./finding.ts";
import { packageName } from "./package-key.ts";
import { worseSeverity } from "./severity.ts";

/**
 * Gives every finding the name that it has across tools: where one of them says which CVE an id stands for, that is
 * its name in all.
 */
export function alignIds(findings: readonly Finding[]): Finding[] {
  const canonical = new Map<string, { readonly id: string; readonly ids: Set<string> }>();
  for (const { id, ids } of findings) {
    if (!id.startsWith("CVE-")) continue;
    for (const name of ids) {
      const known = canonical.get(name);
      // An id that stands for different CVEs in different places stands for none.
      if (known && known.id !== id) canonical.set(name, { id: name, ids: new Set([name]) });
      else if (known) for (const other of ids) known.ids.add(other);
      else canonical.set(name, { id, ids: new Set(ids) });
    }
  }
  return findings.map((finding) => {
    const known = canonical.get(finding.id);
    if (!known) return finding;
    return { ...finding, id: known.id, ids: [...new Set([...finding.ids, ...known.ids])] };
  });
}

/** What makes two findings one: the vulnerability and the package with its version, or rule and place. */
function findingKey(finding: Finding): string {
  if (finding.package && (finding.kind === "vulnerability" || finding.kind === "malware")) {
    const version = finding.package.version ?? "";
    return `${finding.id} ${packageName(finding.package)}@${version.toLowerCase()}`;
  }
  const { kind, id, where = "", discriminator = "" } = finding;
  return `${kind} ${id} ${where} ${finding.package?.name ?? ""} ${discriminator}`;
}

/**
 * Joins findings of one vulnerability in one package version, from several targets or tools. The worst severity stands,
 * and a fix that one of them knows.
 */
export function mergeFindings(findings: readonly Finding[]): Finding[] {
  const byKey = new Map<string, Finding>();
  for (const finding of findings) {
    const key = findingKey(finding);
    const known = byKey.get(key);
    byKey.set(key, known ? join(known, finding) : finding);
  }
  return [...byKey.values()];
}

function join(first: Finding, second: Finding): Finding {
  const fix =
    first.fix === "fixed" || second.fix === "fixed"
      ? "fixed"
      : first.fix === "unknown" || second.fix === "unknown"
        ? "unknown"
        : "unfixed";
  const scores = [first.epss, second.epss].filter((score) => score !== undefined);
  return {
    ...first,
    ids: [...new Set([...first.ids, ...second.ids])],
    kind: second.kind === "malware" ? "malware" : first.kind,
    severity: worseSeverity(first.severity, second.severity),
    fix,
    fixedIn: first.fixedIn ?? second.fixedIn,
    where: first.where ?? second.where,
    knownExploited: first.knownExploited || second.knownExploited,
    epss: scores.length === 0 ? undefined : Math.max(...scores),
  };
}
