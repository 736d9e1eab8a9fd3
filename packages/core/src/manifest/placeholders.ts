import { didYouMean } from "./did-you-mean.ts";

/** What `${…}` may name in gate commands and report patterns. Replaced inside words when the gate runs. */
export const PLACEHOLDERS = [
  "ARTIFACT_REF",
  "ARTIFACT_DIGEST",
  "ARTIFACT_TAG",
  "SOURCE_ENV",
  "TARGET_ENV",
  "FLOE_GATE_DIR",
  "BASELINE_REPORT",
] as const;

/** One thing that is wrong with the placeholders of a word. */
export interface PlaceholderProblem {
  readonly message: string;
  readonly suggestion: string | null;
}

const KNOWN: ReadonlySet<string> = new Set(PLACEHOLDERS);

function variableOf(placeholder: string): string {
  return placeholder.startsWith("FLOE_") ? placeholder : `FLOE_${placeholder}`;
}

function nearest(name: string): string | null {
  const stripped = name.startsWith("FLOE_") ? name.slice("FLOE_".length) : name;
  if (KNOWN.has(stripped)) return stripped;
  return didYouMean(name, PLACEHOLDERS) ?? didYouMean(stripped, PLACEHOLDERS);
}

/** Checks the placeholders of one word of a command that runs without a shell, or of a report pattern. */
export function checkPlaceholders(word: string): PlaceholderProblem[] {
  const problems: PlaceholderProblem[] = [];
  for (const match of word.matchAll(/\$\{([^}]*)(\}?)|\$([A-Za-z_][A-Za-z0-9_]*)/g)) {
    const [, braced, closing, bare] = match;
    if (bare !== undefined) {
      const name = KNOWN.has(bare) ? bare : bare.replace(/^FLOE_/, "");
      // Any other $NAME may be meant literally, for example for an interpreter.
      if (KNOWN.has(name))
        problems.push({
          message: `$${bare} is not replaced without braces`,
          suggestion: `\${${name}}`,
        });
    } else if (closing !== "}") {
      problems.push({
        message: "a placeholder is opened with ${ and never closed",
        suggestion: null,
      });
    } else if (braced !== undefined && !KNOWN.has(braced)) {
      const near = nearest(braced);
      problems.push({
        message: `unknown placeholder ${JSON.stringify(`\${${braced.slice(0, 60)}}`)}`,
        suggestion: near === null ? null : `\${${near}}`,
      });
    }
  }
  return problems;
}

/** Checks text in which placeholders are not replaced (a shell script, a variable's value) for attempts to use one. */
export function checkNoPlaceholders(text: string, where: string): PlaceholderProblem[] {
  const problems: PlaceholderProblem[] = [];
  for (const [, name] of text.matchAll(/\$\{([A-Z_]+)\}/g)) {
    if (name === undefined || !KNOWN.has(name) || name.startsWith("FLOE_")) continue;
    problems.push({
      message: `\${${name}} is not replaced in ${where}; the command finds the value in its environment as ${variableOf(name)}`,
      suggestion: null,
    });
  }
  return problems;
}
