/**
 * Makes the test for a pattern in which `*` stands for anything and all else for itself. Matched part by part, so that no
 * pattern can take more than linear time.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const [first = "", ...rest] = pattern.split("*");
  return (text) => {
    if (rest.length === 0) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const [index, part] of rest.entries()) {
      if (index === rest.length - 1) return text.length - part.length >= at && text.endsWith(part);
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  };
}
