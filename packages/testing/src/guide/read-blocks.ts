import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root: pages are named by their path in it. */
export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** What stands behind the fence, such as `sh`. */
  readonly language: string;
  readonly text: string;
}

/** A command of a `console` block, and what the page says that it prints. */
export interface ShownCommand {
  readonly command: string;
  readonly output: readonly string[];
}

/** The fenced blocks of a page, in order. */
export function readBlocks(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const fence = /^`{3}(\S*)\n([\s\S]*?)^`{3}$/gm;
  return [...text.matchAll(fence)].map(([, language = "", block = ""]) => ({
    language,
    text: block,
  }));
}

/** The fenced blocks of a language in a page, in order. */
export function blocksOf(page: string, language: string): string[] {
  return readBlocks(page)
    .filter((block) => block.language === language)
    .map(({ text }) => text);
}

/** The commands of a `console` block: `$ ` begins one, which goes on until a shell finds it complete. */
export function shownCommands(block: string): ShownCommand[] {
  const commands: { command: string; output: string[] }[] = [];
  const lines = block.trimEnd().split("\n");
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line.startsWith("$ ")) {
      let command = line.slice(2);
      while (lines.length > 0 && !isComplete(command)) command += `\n${lines.shift()}`;
      commands.push({ command, output: [] });
    } else if (commands.length > 0) commands.at(-1)?.output.push(line);
    else throw new Error(`a console block begins with output: ${line}`);
  }
  return commands;
}

function isComplete(command: string): boolean {
  if (command.endsWith("\\")) return false;
  return spawnSync("bash", ["-n", "-c", command], { stdio: "ignore" }).status === 0;
}
