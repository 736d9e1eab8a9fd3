import type { AuditBundle } from "./read-bundle.ts";
import { QUESTIONS } from "./verdict.ts";
import type { LedgerAnswers, TrustedKeys } from "./verify-bundle.ts";

const MOST_SHOWN = 5;

/** A ledger's answers in the form that `floe audit verify -o json` has. */
export function ledgerJson({ openIntents, verdicts, ...answers }: LedgerAnswers): unknown {
  return { ...answers, open_intents: openIntents, verdicts };
}

/** A ledger's answers for people: a line each, and what was found below. */
export function ledgerText({
  environment,
  events,
  backend,
  serialises,
  verdicts,
}: LedgerAnswers): string {
  const lines = [`${environment}: ${events} events, ${backend}, ${serialises}`];
  for (const question of QUESTIONS) {
    const { verdict, summary, findings, notes } = verdicts[question];
    lines.push(`  ${question} (${verdict.replace("_", " ")}): ${summary}`);
    for (const { seq, what, fix } of findings.slice(0, MOST_SHOWN))
      lines.push(`      ${seq === null ? "" : `event ${seq}: `}${what}. ${fix}`);
    for (const note of notes) lines.push(`      ${note}`);
  }
  return lines.map((line) => `${plain(line)}\n`).join("");
}

/** The keys that a bundle brings, so that they can be compared with what their owners say. */
export function keysText({ keys }: AuditBundle, trusted: TrustedKeys): string {
  if (keys.size === 0) return "";
  const lines = [...keys].map(([id, { name }]) => {
    const what = trusted.has(id)
      ? "you trust it"
      : "not trusted: nobody but the bundle says whose it is";
    return plain(`  ${id}${name === null ? "" : `, called ${name}`}: ${what}`);
  });
  return `keys in the bundle:\n${lines.join("\n")}\n`;
}

// What a bundle says may hold what rewrites a line of a terminal.
function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
