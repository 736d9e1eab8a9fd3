import { readFileSync } from "node:fs";

/** What a module exports: values and types by name. */
export interface ExportedNames {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(interface|type|function|const|class) (\w+)/gm;
const LIST = /^export (type )?\{([^}]*)\}/gm;
const ALL = /^export (type )?\* from "([^"]+)"/gm;

/** Reads the names that a TypeScript module exports, following `export *`. `export { a as b }` gives `b`. */
export function exportedNames(module: URL): ExportedNames {
  const source = readFileSync(module, "utf8");
  const values = new Set<string>();
  const types = new Set<string>();
  for (const [, keyword, name = ""] of source.matchAll(DECLARATION))
    (keyword === "interface" || keyword === "type" ? types : values).add(name);
  for (const [, onlyTypes, list = ""] of source.matchAll(LIST)) {
    for (const item of list.split(",").map((text) => text.trim())) {
      const name = item.split(/\s/).at(-1) ?? "";
      if (name !== "") (onlyTypes || item.startsWith("type ") ? types : values).add(name);
    }
  }
  for (const [, onlyTypes, path = ""] of source.matchAll(ALL)) {
    const inner = exportedNames(new URL(path, module));
    for (const name of inner.types) types.add(name);
    for (const name of inner.values) (onlyTypes ? types : values).add(name);
  }
  return { values: [...values].sort(), types: [...types].sort() };
}

/** Reads the names of the members of an interface, in order. */
export function membersOf(module: URL, name: string): string[] {
  const source = readFileSync(module, "utf8");
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(
    source,
  );
  return [...(body?.[1] ?? "").matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(
    ([, member = ""]) => member,
  );
}
