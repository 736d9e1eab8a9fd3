import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differsFromShown } from "./differs-from-shown.ts";
import { NOT_RUN } from "./guides.ts";
import { type Block, ROOT, readBlocks, shownCommands } from "./read-blocks.ts";
import { type ProgramRun, runProgram } from "./run-program.ts";

const PROLOGUE = `set -euo pipefail
shopt -s expand_aliases
exec 2>&1
floe() { "$NODE" "$LAUNCHER" "$@"; }
floe-audit-verify() { "$NODE" "$FLOE/packages/audit-verifier/bin/floe-audit-verify.js" "$@"; }
`;

/** Stands before and behind what a command of a console block prints. */
const MARK = "\u001e";

/** npm install of a folder needs no network, and must not look for one. */
const NO_NETWORK = { npm_config_offline: "true" };

/** What a page takes for granted, and a test has to bring. */
export interface GuideOptions {
  /** Puts files into the folder first, such as those that the page shows. */
  readonly prepare?: (folder: string) => void;
  /** Commands to run before a block, by its first line: what the page says in words. */
  readonly before?: Readonly<Record<string, string>>;
  /** What stands for the page's examples, such as the address of a registry for `registry.example.com`. */
  readonly stands?: Readonly<Record<string, string>>;
  /** For npm, which is offline by default, and for `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How the commands of a page ended. */
export interface GuideRun extends ProgramRun {
  /** Where that is not what the page says. */
  readonly problems: readonly string[];
}

/**
 * Runs the `sh` and `console` blocks of a page, in order, in an empty folder, but for those that `NOT_RUN` names. A line
 * of `sh` that begins with `floe`, and each command of `console`, must end with 0, or with N when it ends in
 * `# exit code N`; any other with 0. What `console` shows as printed must be all that is printed, see
 * `differsFromShown`.
 * @throws {Error} a block that `before` names is not on the page
 */
export async function runGuide(page: string, options: GuideOptions = {}): Promise<GuideRun> {
  const left = new Map(Object.entries(options.before ?? {}));
  const shown: (readonly string[])[] = [];
  let script = PROLOGUE;
  for (const block of readBlocks(page)) {
    if (!isRun(page, block)) continue;
    const begins = firstLine(block);
    script += `${left.get(begins) ?? ""}\n`;
    left.delete(begins);
    script += block.language === "sh" ? ofScript(block.text) : ofConsole(block.text, shown);
  }
  if (left.size > 0)
    throw new Error(`${page} has no block that begins with ${[...left.keys()].join(" or ")}`);
  for (const [example, real] of Object.entries(options.stands ?? {}))
    script = script.replaceAll(example, real);

  const folder = mkdtempSync(join(tmpdir(), "floe-guide-"));
  try {
    options.prepare?.(folder);
    const run = await runProgram(["bash", "-c", script], {
      cwd: folder,
      env: {
        NODE: process.execPath,
        FLOE: ROOT.replace(/\/$/, ""),
        LAUNCHER: join(ROOT, "apps/cli/bin/run.js"),
        npm_config_audit: "false",
        npm_config_fund: "false",
        npm_config_update_notifier: "false",
        ...(options.env ?? NO_NETWORK),
      },
    });
    return { ...run, problems: problemsOf(run, shown, options.stands ?? {}) };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function isRun(page: string, block: Block): boolean {
  if (block.language !== "sh" && block.language !== "console") return false;
  return !NOT_RUN.some((not) => not.page === page && not.begins === firstLine(block));
}

/** The first line of a block, without its line break. */
export function firstLine({ text }: Block): string {
  return text.slice(0, text.indexOf("\n"));
}

/** A command that says that it is run, and whose exit code is compared with the one that the page promises. */
function held(command: string, mark = ""): string {
  const [, code = "0"] = / # exit code (\d+)$/.exec(command) ?? [];
  const quoted = `'${command.replaceAll("'", String.raw`'\''`)}'`;
  return `printf '%s\n' '$ '${quoted}${mark}
got=0
{ ${command}
} || got=$?${mark}
[ "$got" = ${code} ] || { printf 'ended with %s, and the page says ${code}: %s\n' "$got" ${quoted}; exit 99; }
`;
}

function ofScript(block: string): string {
  return block.replace(/^floe(?:-audit-verify)? (?:.*\\\n)*.*$/gm, (command) => held(command));
}

function ofConsole(block: string, shown: (readonly string[])[]): string {
  return shownCommands(block)
    .map(({ command, output }) => {
      shown.push(output);
      return held(command, `; printf '${MARK}\n'`);
    })
    .join("");
}

function problemsOf(
  { output }: ProgramRun,
  shown: readonly (readonly string[])[],
  stands: Readonly<Record<string, string>>,
): string[] {
  const problems: string[] = output.match(/^ended with \d+, and the page says .*$/gm) ?? [];
  const hashes = new Map<string, string>();
  // Between the first two marks is what the first command of a console block printed, and so on.
  const parts = output.split(`${MARK}\n`);
  for (const [index, lines] of shown.entries()) {
    const printed = Object.entries(stands).reduce(
      (text, [example, real]) => text.replaceAll(real, example),
      parts[2 * index + 1] ?? "",
    );
    const differs = lines.length > 0 && differsFromShown(lines, printed, hashes);
    if (typeof differs === "string") problems.push(differs);
  }
  return problems;
}
