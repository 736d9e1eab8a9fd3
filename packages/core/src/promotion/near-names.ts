import { distance } from "fastest-levenshtein";

/** The names most like a given one, best first, for "did you mean". Names that are nothing like it are left out. */
export function nearNames(wanted: string, names: readonly string[], count = 3): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  return names
    .map((name) => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map((candidate) => candidate.name);
}
