import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProgramRun, runProgram } from "./run-program.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

const PROLOGUE = `set -euo pipefail
floe() { "$NODE" "$LAUNCHER" "$@"; }
# Says what is run, and compares the exit code with the one that the page promises.
expect() {
  local wanted=$1 got=0
  shift
  printf '$ %s\\n' "$*" >&2
  "$@" || got=$?
  [ "$got" = "$wanted" ] || { printf 'ended with %s, and the page says %s\\n' "$got" "$wanted"; exit 99; }
}
`;

/** npm install of a folder needs no network, and must not look for one. */
const NO_NETWORK = { npm_config_offline: "true" };

/** The fenced blocks of a language in a page, in order. */
export function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const fence = new RegExp(`^\`{3}${language}\\n([\\s\\S]*?)^\`{3}$`, "gm");
  return [...text.matchAll(fence)].map(([, block = ""]) => block);
}

/**
 * Runs all `sh` blocks of a page, in order, in an empty folder. A line that begins with `floe` must end with 0, or
 * with N when it ends in `# exit code N`; any other with 0.
 * @param prepare - puts files into the folder first, such as those that the page shows
 * @param env - for npm, which is offline by default
 */
export async function runGuide(
  page: string,
  prepare: (folder: string) => void = () => {},
  env: Readonly<Record<string, string>> = NO_NETWORK,
): Promise<ProgramRun> {
  const folder = mkdtempSync(join(tmpdir(), "floe-guide-"));
  try {
    prepare(folder);
    const commands = blocksOf(page, "sh")
      .join("")
      .replace(
        /^(floe .*?)(?: +# exit code (\d+))?$/gm,
        (_, command: string, code = "0") => `expect ${code} ${command}`,
      );
    return await runProgram(["bash", "-c", PROLOGUE + commands], {
      cwd: folder,
      env: {
        NODE: process.execPath,
        LAUNCHER: join(ROOT, "apps/cli/bin/run.js"),
        npm_config_audit: "false",
        npm_config_fund: "false",
        npm_config_update_notifier: "false",
        ...env,
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
