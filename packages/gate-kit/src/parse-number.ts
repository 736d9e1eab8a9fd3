const NUMBER = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,300})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?$/;

/**
 * Reads a number as tools write it into text: `12`, `-0.5`, `1e3`, `1,234.5` (commas between thousands). `null` for
 * everything else, also NaN, Infinity and the empty text: what is not known is not zero.
 */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) return null;
  const number = Number(trimmed.replaceAll(",", ""));
  return Number.isFinite(number) ? number : null;
}

/** Reads a share as tools write it: `12.5%` or `12.5 %` is 12.5. `null` without the sign, or for no number. */
export function parsePercent(text: string): number | null {
  const trimmed = text.trim();
  return trimmed.endsWith("%") ? parseNumber(trimmed.slice(0, -1)) : null;
}
