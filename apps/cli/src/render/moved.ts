import type { MovedLedger } from "@floe/core";
import { paint, plain } from "./paint.ts";

/** What moving came to in the JSON output of `audit move`. */
export function movedJson({
  environment,
  status,
  from,
  to,
  events,
  genesis,
}: MovedLedger): Record<string, unknown> {
  return { environment, status, changed: status === "moved", from, to, events, genesis };
}

/** The same for people, and what is left to do. */
export function movedText(moved: readonly MovedLedger[], manifest: string): string {
  const lines = moved.map(({ environment, status, from, to, events }) => {
    const name = paint("bold", environment);
    const there = plain(`${to.backend} (${to.location})`);
    if (status === "none") return `${name}: no ledger yet; it will begin in ${there}`;
    if (status === "already") return `${name}: is in ${there} already`;
    const before = from ? plain(`${from.backend} (${from.location})`) : "where they were";
    return `${name}: goes on in ${there}; ${events} events stay in ${before}`;
  });
  return [
    ...lines,
    `From here on ${plain(manifest)} is the manifest to use. Any other that names the old place is refused (18).`,
  ].join("\n");
}
