/** What is another in every run: times, ids, sizes, ages and durations. */
const VARIES: readonly (readonly [shown: RegExp, run: string])[] = [
  [/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/, String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`],
  [/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "[0-9a-f-]{36}"],
  [/^(?:\d+(?:\.\d+)? m?s|\d+s|now)(?![\w-])/, String.raw`(?:\d+(?:\.\d+)? m?s|\d+s|now)`],
  [/^\d+\.\d [KMG]iB/, String.raw`\d+\.\d [KMG]iB`],
  [/^…/, ".*"],
];

/** The hash of something, in full or shortened to twelve digits. */
const HASH = /^(?:[0-9a-f]{64}|[0-9a-f]{12})(?![0-9a-f])/;

/**
 * Compares what a command printed with what a page shows, and says how they differ; undefined when they do not. Spaces
 * count as one; times, ids, sizes and durations may be others; a hash may be another, but stands for the same one on the whole
 * page; `…` stands for anything in its line, or alone for any lines.
 * @param hashes - what the page's hashes have stood for so far
 */
export function differsFromShown(
  shown: readonly string[],
  printed: string,
  hashes: Map<string, string>,
): string | undefined {
  const found: string[] = [];
  const lines = shown.map((line) => (line.trim() === "…" ? "(?:.*\\n)*?" : pattern(line, found)));
  const match = new RegExp(`^${lines.join("")}$`).exec(folded(printed));
  const differs = `the page shows\n${shown.join("\n")}\nand this was printed\n${printed}`;
  if (!match) return differs;
  for (const [index, hash] of found.entries()) {
    const run = match[index + 1]?.slice(0, 12) ?? "";
    if ((hashes.get(hash) ?? run) !== run)
      return `${hash} stood for another hash before: ${differs}`;
    hashes.set(hash, run);
  }
  return undefined;
}

function folded(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `${line.trim().replace(/\s+/g, " ")}\n`)
    .join("");
}

/** The pattern of a line; each hash is a group, and its first twelve digits are added to those that were found. */
function pattern(line: string, found: string[]): string {
  let rest = folded(line);
  let built = "";
  while (rest !== "") {
    const [hash] = HASH.exec(rest) ?? [];
    const varies = VARIES.find(([shown]) => shown.test(rest));
    const [token] = varies?.[0].exec(rest) ?? [];
    // A word is taken whole, so that no part of one is read as an age.
    const [word = ""] = /^(?:\w+|[\s\S])/.exec(rest) ?? [];
    if (varies && token !== undefined) built += varies[1];
    else if (hash !== undefined) {
      built += `([0-9a-f]{${hash.length}})`;
      found.push(hash.slice(0, 12));
    } else built += word.replace(/[^\w\s]/g, String.raw`\$&`);
    rest = rest.slice((token ?? hash ?? word).length);
  }
  return built;
}
