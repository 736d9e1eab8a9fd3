import { classifyTag, type TagKind, type TagRules } from "@floe/core/model";

/** A tag with what it is. */
export interface KnownTag {
  readonly tag: string;
  readonly kind: TagKind["kind"];
  readonly version: string | null;
  readonly environment: string | null;
}

const PRECEDENCE: Readonly<Record<TagKind["kind"], number>> = {
  floe: 0,
  other: 1,
  mutable: 2,
  latest: 3,
  version: 4,
  environment: 5,
  rollback: 6,
};

/**
 * Sorts tags: what is no version by name first, then versions by semver's precedence, each with the environments that it was
 * promoted to. The newest version is the last line, where people look.
 */
export function sortTags(tags: readonly string[], rules: TagRules): KnownTag[] {
  // A list may have many thousands of tags: each is read once.
  const keyed = tags.map((tag) => {
    const known = classifyTag(tag, rules);
    const version = "version" in known ? known.version : null;
    const environment = "environment" in known ? known.environment : null;
    return { tag, kind: known.kind, version, environment, key: versionKey(version) };
  });
  keyed.sort(
    (a, b) =>
      Number(a.version !== null) - Number(b.version !== null) ||
      compareVersions(a.key, b.key) ||
      (a.version === null ? 0 : PRECEDENCE[a.kind] - PRECEDENCE[b.kind]) ||
      compareNatural(a.tag, b.tag),
  );
  return keyed.map(({ tag, kind, version, environment }) => ({ tag, kind, version, environment }));
}

interface VersionKey {
  readonly numbers: readonly string[];
  readonly pre: readonly string[];
  readonly text: string;
}

function versionKey(version: string | null): VersionKey | null {
  if (version === null) return null;
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-(.+))?$/.exec(version);
  const [, major = "", minor = "", patch = "", pre] = match ?? [];
  return match
    ? { numbers: [major, minor, patch], pre: pre?.split(".") ?? [], text: version }
    : { numbers: [], pre: [], text: version };
}

/** Semantic Versioning 2.0.0, section 11; other schemes by their numbers. */
function compareVersions(a: VersionKey | null, b: VersionKey | null): number {
  if (a === null || b === null) return 0;
  if (a.numbers.length === 0 || b.numbers.length === 0)
    return a.numbers.length - b.numbers.length || compareNatural(a.text, b.text);
  for (const [index, number] of a.numbers.entries()) {
    const order = compareNumbers(number, b.numbers[index] ?? "");
    if (order !== 0) return order;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (const [index, part] of a.pre.entries()) {
    const other = b.pre[index];
    if (other === undefined) return 1;
    const [one, two] = [/^\d+$/.test(part), /^\d+$/.test(other)];
    const order =
      one && two
        ? compareNumbers(part, other)
        : one === two
          ? compareText(part, other)
          : one
            ? -1
            : 1;
    if (order !== 0) return order;
  }
  return a.pre.length - b.pre.length;
}

// Numbers in tags may be longer than what a number holds exactly.
function compareNumbers(a: string, b: string): number {
  const [one, two] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return one.length - two.length || compareText(one, two);
}

function compareNatural(a: string, b: string): number {
  const [one, two] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  for (const [index, part] of one.entries()) {
    const other = two[index];
    if (other === undefined) return 1;
    // Every second part is digits.
    const order = index % 2 === 1 ? compareNumbers(part, other) : compareText(part, other);
    if (order !== 0) return order;
  }
  return one.length - two.length || compareText(a, b);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
