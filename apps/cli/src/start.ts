import { readFileSync } from "node:fs";
import { beginOpeningKey } from "./begin-opening-key.ts";
import { findDirectCommand, type ListedCommand } from "./find-direct-command.ts";

/**
 * Runs the command line, with two short cuts: the help of the program itself was written when it was built, and a command
 * that is named in full is run without looking for others first. What they leave out would take most of the time.
 * @param url - the launcher's, so that oclif finds the package
 */
export async function start(url: string): Promise<void> {
  const args = process.argv.slice(2);
  const plain = !asksForOclif(process.env);
  const help = plain && isRootHelp(args) ? builtHelp(url) : null;
  if (help !== null) {
    // Whoever has read enough (`| head`) is gone: that is no failure.
    process.stdout.once("error", () => {});
    process.stdout.write(help);
    return;
  }
  const direct = plain ? findDirectCommand(args, listedCommands(url)) : null;
  if (direct !== null) {
    if (direct.signs) beginOpeningKey({ args: direct.args, env: process.env, cwd: process.cwd() });
    const { runDirectCommand } = await import("./run-direct-command.ts");
    await runDirectCommand(direct, url);
    return;
  }
  const { main } = await import("./main.ts");
  await main(url, args);
}

function isRootHelp(args: readonly string[]): boolean {
  const [only = "--help"] = args;
  return args.length <= 1 && ["--help", "-h", "help"].includes(only);
}

// Whoever debugs oclif wants to see it work.
function asksForOclif(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env["DEBUG"]) || process.platform === "win32";
}

// On a terminal headings are bold, which the file is not.
function builtHelp(url: string): string | null {
  if (process.getBuiltinModule("node:tty").isatty(1)) return null;
  try {
    return readFileSync(new URL("../dist/root-help.txt", url), "utf8");
  } catch {
    return null;
  }
}

function listedCommands(url: string): Readonly<Record<string, ListedCommand>> {
  try {
    const text = readFileSync(new URL("../dist/direct-commands.json", url), "utf8");
    return JSON.parse(text) as Record<string, ListedCommand>;
  } catch {
    // A build that was cut off: oclif finds every command by itself.
    return {};
  }
}
