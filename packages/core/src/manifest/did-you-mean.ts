import { distance } from "fastest-levenshtein";

/**
 * Finds the name that somebody probably meant: the same but for case, else the nearest within a third of its length.
 * `null` when nothing is near, because a wild guess is worse than none.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  if (word.length === 0 || word.length > 100) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    if (candidate === word || candidate.length > 100) continue;
    const away = distance(lower, candidate.toLowerCase());
    if (away < bestDistance) {
      best = candidate;
      bestDistance = away;
    }
  }
  return best;
}
