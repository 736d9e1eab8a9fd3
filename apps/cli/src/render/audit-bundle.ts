import type { MadeBundle } from "@floe/core";
import type { WrittenLines } from "../files/write-lines.ts";

/** A bundle in the JSON output of `audit bundle`; documented in `docs/reference/json.md`. */
export function bundleJson(
  { ledgers, keys, objects, left }: MadeBundle,
  path: string,
  { size, digest }: WrittenLines,
): unknown {
  return { path, size, digest, ledgers, keys, objects, left };
}

/** The same for people. */
export function bundleText(
  { ledgers, keys, objects }: MadeBundle,
  path: string,
  { size, digest }: WrittenLines,
): string {
  const parts = ledgers.map(
    ({ environment, events, checkpoint }) =>
      `  ${environment}: ${events} events${checkpoint ? ", with its checkpoint" : ", no checkpoint"}\n`,
  );
  return `${path}: ${size} bytes, ${digest}\n${parts.join("")}  ${objects} manifests and blobs, ${keys} key${keys === 1 ? "" : "s"}. Whose keys they are an auditor has to hear elsewhere.`;
}
