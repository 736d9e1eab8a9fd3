/** What every sample says of itself: it does not know whether a promotion still stands. */
export const LIMITS = (environment: string): string[] => [
  "Proves that a promotion was committed by somebody who may promote there; not that it still stands: a rollback or",
  `quarantine since is only seen by: floe platform verify --env ${environment}`,
];

/** Text as comment lines. */
export function comment(lines: readonly string[]): string {
  return lines.map((line) => `# ${line}\n`).join("");
}

/** A PEM with one line end behind it. */
export function pemText(pem: string): string {
  return `${pem.trim()}\n`;
}

/** Escapes text for a regular expression of Go. */
export function literalRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

/** A glob of the manifest (`*` stops at `/` and `@`, `**` does not) as an anchored regular expression of Go. */
export function globRegex(glob: string): string {
  const parts = glob.split(/(\*\*|\*)/).map((part) => {
    if (part === "**") return ".*";
    return part === "*" ? "[^/@]*" : literalRegex(part);
  });
  return `^${parts.join("")}$`;
}
