import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GUIDES, NOT_RUN } from "../../src/guide/guides.ts";
import { ROOT, readBlocks } from "../../src/guide/read-blocks.ts";
import { firstLine } from "../../src/guide/run-guide.ts";

// To add a block of commands to a page that is in GUIDES already: write it as `sh` or `console`, and it is run with the
// page, in order, in the same folder and shell. `# exit code 8` behind a floe command says that it ends so; output below
// a `$ ` line has to be what is printed. What the page only says in words ("change the manifest so") is done by the
// `before` of its test. To add a page: an entry in GUIDES, and its run in the file that it names. What cannot be run at
// all is listed in NOT_RUN, with the reason.

const pages = [
  "README.md",
  ...readdirSync(join(ROOT, "docs/guides")).map((file) => `docs/guides/${file}`),
];
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** What a user could paste into a shell. */
const SHELLS = ["sh", "console", "bash"];
const OTHERS = ["js", "json", "sql", "text", "ts", "yaml"];

const commandBlocks = (page: string) =>
  readBlocks(page).filter(({ language }) => SHELLS.includes(language));

test.each(pages)(
  "every block of %s says in what language it is, at the beginning of its line",
  (page) => {
    const fences = read(page).match(/^ *(?:`{3,}|~{3,}).*$/gm) ?? [];
    expect(fences.filter((_, index) => index % 2 === 1).map((fence) => fence.trim())).toEqual(
      readBlocks(page).map(() => "```"),
    );
    const languages = readBlocks(page).map(({ language }) => language);
    expect(languages.filter((name) => ![...SHELLS, ...OTHERS].includes(name))).toEqual([]);
  },
);

test.each(pages)(
  "every block of commands in %s is run by a test, or listed with the reason",
  (page) => {
    const listed = NOT_RUN.filter((not) => not.page === page).map(({ begins }) => begins);
    const left = commandBlocks(page).filter((block) => !listed.includes(firstLine(block)));
    // What a page's run does not read has to be listed.
    expect(left.filter(({ language }) => language === "bash")).toEqual([]);
    const runner = (GUIDES as Readonly<Record<string, string>>)[page];
    expect(left.length > 0, `${page} is ${runner ? "" : "not "}in GUIDES`).toBe(
      runner !== undefined,
    );
    if (runner === undefined) return;
    const source = read(runner);
    expect(source).toContain(`"${page}`);
    expect(source).toMatch(/\brunGuide\(/);
  },
);

test.each(NOT_RUN)("$page: $begins is not run, as $why", ({ page, begins, instead }) => {
  expect(commandBlocks(page).filter((block) => firstLine(block) === begins)).toHaveLength(1);
  if (instead) expect(read(instead[0])).toContain(instead[1]);
});
