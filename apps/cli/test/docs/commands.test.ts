import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const read = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");

interface Flag {
  readonly name: string;
  readonly char?: string;
  readonly aliases?: readonly string[];
  readonly required?: boolean;
}

interface CommandEntry {
  readonly aliases: readonly string[];
  readonly args: Readonly<Record<string, { readonly name: string; readonly required?: boolean }>>;
  readonly flags: Readonly<Record<string, Flag>>;
}

const manifestPath = new URL("../../oclif.manifest.json", import.meta.url);
if (!existsSync(manifestPath))
  throw new Error("apps/cli is not built; run: pnpm exec turbo run build --filter=floe");
const { commands } = JSON.parse(readFileSync(manifestPath, "utf8")) as {
  readonly commands: Readonly<Record<string, CommandEntry>>;
};

const reference = read("docs/reference/commands.md");
const sections = new Map(
  reference
    .split(/^### `floe /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("`\n");
      const [text = ""] = section.slice(end).split(/^## /m);
      return [section.slice(0, end), text] as const;
    }),
);

/** A flag the way the tables write it. */
function written(flag: Flag): string {
  const others = [
    ...(flag.char ? [`-${flag.char}`] : []),
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
  ];
  return [`--${flag.name}`, ...others].map((name) => `\`${name}\``).join(", ");
}

/** Rows of the tables of flags and arguments in a text: first cell, and whether it is required. */
function rowsOf(text: string): Record<string, boolean> {
  const rows = [...text.matchAll(/^\| (`(?:-|[A-Z])[^|]*`) \| (.*) \|$/gm)];
  return Object.fromEntries(
    rows.map(([, cell = "", meaning = ""]) => [cell, meaning.startsWith("**Required.**")]),
  );
}

function sectionUnder(heading: string): string {
  const [, after = ""] = reference.split(`\n## ${heading}\n`);
  return after.split(/^##+ /m)[0] ?? "";
}

const globalRows = rowsOf(sectionUnder("Global flags"));
const artifactRows = rowsOf(sectionUnder("Artifacts"));

describe("docs/reference/commands.md", () => {
  test("has a section for every command, and no other", () => {
    const ids = Object.keys(commands).map((id) => id.replaceAll(":", " "));
    expect([...sections.keys()].sort()).toEqual(ids.sort());
  });

  test.each(Object.keys(commands))("lists the flags and arguments of %s", (id) => {
    const entry = commands[id];
    const section = sections.get(id.replaceAll(":", " ")) ?? "";
    const flags = Object.values(entry?.flags ?? {}).map((flag) => [
      written(flag),
      flag.required === true,
    ]);
    const args = Object.values(entry?.args ?? {}).map((arg) => [
      `\`${arg.name.toUpperCase()}\``,
      arg.required === true,
    ]);
    const own = rowsOf(section);
    // What follows the reference of push is read without a declaration of its own.
    if (id === "artifact:push") delete own["`FILE…`"];
    // What a command says of a global flag itself holds there.
    const documented = {
      ...globalRows,
      ...(id.startsWith("artifact:") ? artifactRows : {}),
      ...own,
    };
    // There --format is a flag of its own.
    if (id === "platform:compile" || id === "audit:export")
      delete documented["`--output`, `-o`, `--format`"];
    // Making a key pair concerns no artifact of a registry, and the cache is nobody's in particular.
    if (id === "artifact:keygen" || id.startsWith("artifact:cache:"))
      for (const cell of Object.keys(artifactRows)) delete documented[cell];
    expect(documented).toEqual(Object.fromEntries([...flags, ...args]));
  });

  test.each(Object.entries(commands).filter(([, entry]) => entry.aliases.length > 0))(
    "names the other name of %s",
    (id, entry) => {
      for (const alias of entry.aliases)
        expect(sections.get(id.replaceAll(":", " "))).toContain(
          `Also \`floe ${alias.replaceAll(":", " ")}\`.`,
        );
    },
  );
});
