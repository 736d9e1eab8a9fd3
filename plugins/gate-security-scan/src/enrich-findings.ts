import { cleanText, decodeText, parseJson } from "@floe/gate-kit";
import type { SecurityConfig } from "./config.ts";
import type { Finding } from "./finding.ts";
import { readFiles } from "./read-files.ts";
import { readEpss, readKev } from "./read-lists.ts";

const MAX_LIST_FILE = 64 * 1024 * 1024;

/**
 * Adds to findings what local lists say: whether a vulnerability is known to be exploited, and its EPSS score. What the
 * scanner says stays; the worse counts.
 *
 * @throws {Error} naming setting and file, when a list cannot be read.
 */
export async function enrichFindings(
  findings: readonly Finding[],
  config: SecurityConfig,
  options: { readonly folder: string; readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  const { kev_file: kevFile, epss_file: epssFile } = config;
  const kev =
    kevFile === undefined
      ? null
      : await readList("kev_file", kevFile, options, async (bytes) =>
          readKev(parseJson(kevFile, decodeText(kevFile, bytes, { fatal: true }))),
        );
  const wanted = new Set(findings.flatMap(({ ids }) => ids));
  const epss =
    epssFile === undefined
      ? null
      : await readList("epss_file", epssFile, options, (bytes) => readEpss(bytes, wanted));
  if (!kev && !epss) return findings;
  return findings.map((finding) => {
    const scores = finding.ids.flatMap((id) => epss?.get(id) ?? []);
    if (finding.epss !== undefined) scores.push(finding.epss);
    return {
      ...finding,
      knownExploited:
        finding.knownExploited || finding.ids.some((id) => kev?.has(id.toUpperCase()) === true),
      epss: scores.length === 0 ? undefined : Math.max(...scores),
    };
  });
}

async function readList<List>(
  setting: string,
  path: string,
  options: { readonly folder: string; readonly signal: AbortSignal },
  read: (bytes: Uint8Array) => Promise<List>,
): Promise<List> {
  const [file] = await readFiles(path, { ...options, setting, maxBytes: MAX_LIST_FILE });
  try {
    return await read(file?.bytes ?? new Uint8Array());
  } catch (cause) {
    throw new Error(
      `${setting}: cannot use ${cleanText(path)}: ${cause instanceof Error ? cause.message : "it is damaged"}`,
    );
  }
}
