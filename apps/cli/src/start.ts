import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beginOpeningKey } from "./begin-opening-key.ts";
import { findDirectCommand, type ListedCommand } from "./find-direct-command.ts";

/**
 * Runs the command line. For whoever has installed no plugins it takes two short cuts: the help of the program itself
 * was written when it was built, and a command that is named in full is run without looking for others first. What they
 * leave out would take most of the time.
 * @param url - the launcher's, so that oclif finds the package
 */
export async function start(url: string): Promise<void> {
  const args = process.argv.slice(2);
  const plain = !mayHavePlugins(process.env);
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

// Where oclif keeps the list of what a user has installed. Whoever debugs oclif wants to see it work.
function mayHavePlugins(env: NodeJS.ProcessEnv): boolean {
  const { FLOE_DATA_DIR: given, XDG_DATA_HOME: data, HOME: home, DEBUG: debug } = env;
  if (debug || process.platform === "win32" || !(given || data || home)) return true;
  const folder = given ?? join(data || join(home ?? "", ".local/share"), "floe");
  return existsSync(join(folder, "package.json"));
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
