import { secretNeedles } from "./secret-needles.ts";

/** What stands in the place of a secret. */
const MASK = "***";

/** A part of a text, `end` excluded. `open`: it ends where the text ends and may go on. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly open: boolean;
}

interface TokenPattern {
  readonly pattern: RegExp;
  /** How much of a match, from its start and end, is kept. */
  readonly keep?: (match: RegExpExecArray) => readonly [before: number, after: number];
}

/**
 * Tokens that are secrets whoever owns them. Each starts at the border of a word, so that no text makes the search
 * quadratic.
 */
const TOKENS: readonly TokenPattern[] = [
  { pattern: /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,}/g },
  { pattern: /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{22,}/g },
  { pattern: /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,}/g },
  { pattern: /(?<![A-Za-z0-9])A[KS]IA[0-9A-Z]{16}(?![0-9A-Z])/g },
  { pattern: /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g },
  {
    pattern: /:\/\/([^\s/:@"'<>]*):[^\s/"'<>]+@/g,
    keep: (match) => [4 + (match[1] ?? "").length, 1],
  },
];

/** How the tokens begin; text that ends in one of these may be the first half of a token. */
const STARTERS: readonly string[] = [
  ..."pousr".split("").map((kind) => `gh${kind}_`),
  "github_pat_",
  "glpat-",
  "AKIA",
  "ASIA",
  "eyJ",
  "://",
];

const TOKEN_STARTER = /gh[pousr]_|github_pat_|glpat-|A[KS]IA|eyJ|:\/\//;

/** A token longer than this is cut, and its rest swallowed. */
const MAX_RUN = 16 * 1024;

/** Removes secrets from text and bytes. */
export interface SecretMask {
  /** Masks a whole text. */
  text(text: string): string;
  /** Masks a whole file; the very same bytes where nothing was found. */
  bytes(bytes: Uint8Array): Uint8Array;
  /** Masks a text that arrives in pieces, also where a secret is split between two of them. */
  stream(): MaskStream;
}

/** Masks a text that arrives in pieces. */
interface MaskStream {
  /** Takes the next piece and returns what can be shown by now. */
  push(text: string): string;
  /** Returns the rest. */
  end(): string;
}

/**
 * Makes a mask for the given values, in the spellings of {@link secretNeedles}, and for well-known tokens: GitHub,
 * GitLab, AWS key ids, JSON web tokens, and passwords in URLs.
 */
export function createSecretMask(secrets: readonly string[]): SecretMask {
  const needles = secretNeedles(secrets);
  const byteNeedles = needles.map((needle) => Buffer.from(needle, "utf8").toString("latin1"));
  return {
    text: (text) => replaceSpans(text, findSpans(text, needles), text.length),
    bytes: (bytes) => maskBytes(bytes, needles, byteNeedles),
    stream: () => createMaskStream(needles),
  };
}

function maskBytes(
  bytes: Uint8Array,
  needles: readonly string[],
  byteNeedles: readonly string[],
): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = buffer.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") {
    const even = buffer.subarray(0, buffer.length - (buffer.length % 2));
    const little = mark === "fffe" ? even : Buffer.from(even).swap16();
    const text = little.toString("utf16le");
    const spans = findSpans(text, needles);
    if (spans.length === 0) return bytes;
    const masked = Buffer.from(replaceSpans(text, spans, text.length), "utf16le");
    return mark === "fffe" ? masked : masked.swap16();
  }
  // One character a byte, so that files that are not quite UTF-8 stay as they are.
  const text = buffer.toString("latin1");
  const spans = findSpans(text, byteNeedles);
  if (spans.length === 0) return bytes;
  return Buffer.from(replaceSpans(text, spans, text.length), "latin1");
}

function createMaskStream(needles: readonly string[]): MaskStream {
  const beginnings = [...needles, ...STARTERS];
  const longest = Math.max(...beginnings.map((needle) => needle.length));
  const limit = MAX_RUN + longest;
  let held = "";
  let swallowing = false;

  return {
    push(piece) {
      let text = held + piece;
      held = "";
      if (swallowing) {
        text = text.replace(/^[\w.-]+/, "");
        if (text.length === 0) return "";
        swallowing = false;
      }
      const spans = findSpans(text, needles);
      let cut = Math.min(partialStart(text, beginnings, longest), tokenStart(text));
      let across = spans.find((span) => span.start < cut && span.end > cut);
      if (across !== undefined) cut = across.start;
      if (text.length - cut > limit) {
        // Nothing that floe knows is so long. Give way rather than hold the whole output.
        cut = text.length - longest;
        across = spans.find((span) => span.start < cut && span.end > cut);
        if (across !== undefined) cut = across.end;
        swallowing = across?.open === true;
      }
      held = text.slice(cut);
      return replaceSpans(text, spans, cut);
    },
    end() {
      const text = held;
      held = "";
      return replaceSpans(text, findSpans(text, needles), text.length);
    },
  };
}

/** Where the end of the text may be the beginning of something to mask; the text's length if it is not. */
function partialStart(text: string, beginnings: readonly string[], longest: number): number {
  const offset = Math.max(0, text.length - longest + 1);
  const tail = text.slice(offset);
  let start = tail.length;
  for (const needle of beginnings) {
    const first = needle.charAt(0);
    let at = tail.indexOf(first, Math.max(0, tail.length - needle.length + 1));
    while (at !== -1 && at < start) {
      if (needle.startsWith(tail.slice(at))) start = at;
      at = tail.indexOf(first, at + 1);
    }
  }
  return offset + start;
}

/** Where a token that may still go on begins; the text's length if there is none. */
function tokenStart(text: string): number {
  const from = Math.max(0, text.length - 2 * MAX_RUN);
  let start = text.length;
  while (start > from && !isBlank(text.charCodeAt(start - 1))) start -= 1;
  const run = text.slice(start);
  const at = run.search(TOKEN_STARTER);
  return at === -1 ? text.length : start + at;
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** All parts to mask, in order, without overlap. */
function findSpans(text: string, needles: readonly string[]): Span[] {
  const spans: Span[] = [];
  for (const needle of needles) {
    let at = text.indexOf(needle);
    while (at !== -1) {
      spans.push({ start: at, end: at + needle.length, open: false });
      at = text.indexOf(needle, at + 1);
    }
  }
  for (const { pattern, keep } of TOKENS) {
    for (const match of text.matchAll(pattern)) {
      const [before, after] = keep?.(match) ?? [0, 0];
      const end = match.index + match[0].length - after;
      spans.push({ start: match.index + before, end, open: end === text.length });
    }
  }
  return mergeSpans(spans);
}

function mergeSpans(spans: Span[]): Span[] {
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) {
      merged.push(span);
    } else {
      const end = Math.max(last.end, span.end);
      merged[merged.length - 1] = { start: last.start, end, open: last.open || span.open };
    }
  }
  return merged;
}

function replaceSpans(text: string, spans: readonly Span[], until: number): string {
  let masked = "";
  let at = 0;
  for (const span of spans) {
    if (span.end > until) break;
    masked += text.slice(at, span.start) + MASK;
    at = span.end;
  }
  return masked + text.slice(at, until);
}
