const CVE = /^CVE-\d{4}-\d+/i;

/**
 * Ids that name one vulnerability. Advisories of distributions (DSA, RHSA, USN …) cover several and are no aliases:
 * joined by one of them, different vulnerabilities would count as one.
 */
const NAMES_ONE = /^(?:CVE|GHSA|MAL|PYSEC|GO|RUSTSEC|OSV|GMS|GSD|EEF|HSEC|RSEC|BIT|CGA|SNYK)-/i;

/** The name under which a vulnerability is counted, and all the others that it has. */
export interface FindingIds {
  readonly id: string;
  readonly ids: readonly string[];
}

/**
 * Joins the id that a tool gives to the aliases that it lists. One that has several CVEs keeps its own id alone: what
 * is said of one of those CVEs does not hold for all of them.
 */
export function findingIds(own: string, aliases: readonly string[] = []): FindingIds {
  const others = aliases.filter((alias) => alias !== own && NAMES_ONE.test(alias));
  if (CVE.test(own)) {
    return { id: own, ids: [own, ...new Set(others.filter((alias) => !CVE.test(alias)))] };
  }
  const cves = [...new Set(others.filter((alias) => CVE.test(alias)))];
  if (cves.length > 1) return { id: own, ids: [own] };
  return { id: cves[0] ?? own, ids: [...new Set([own, ...others])] };
}

/** Whether an id is one of malware (OpenSSF malicious packages). */
export function isMalwareId(id: string): boolean {
  return /^MAL-/i.test(id);
}
