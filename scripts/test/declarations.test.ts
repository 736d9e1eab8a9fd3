import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const HEADER = `# What this package declares to those who import it: for each entry the files of its types, and a hash of what they say
# without comments. A difference fails a test, because it may break others. After a deliberate change, write it anew with:
#   npx pnpm@12 declarations
`;

interface PackageJson {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | { readonly types?: string }>>;
}

/** Folders of the packages that are published and have something to import. */
const folders = ["packages", "plugins"]
  .flatMap((group) => readdirSync(join(ROOT, group)).map((name) => join(ROOT, group, name)))
  .filter((folder) => existsSync(join(folder, "package.json")))
  .filter((folder) => {
    const { private: isPrivate, exports = {} } = packageOf(folder);
    return isPrivate !== true && Object.values(exports).some((entry) => typeof entry === "object");
  });

function packageOf(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
}

/** The files of declarations that an entry leads to, in order of their names. */
function reached(entry: string): string[] {
  const found = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (found.has(file)) continue;
    if (!existsSync(file)) throw new Error(`${file} is not there: build first`);
    found.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, path = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
      queue.push(join(dirname(file), path.replace(/(?:\.d)?\.[jt]s$/, ".d.ts")));
  }
  return [...found].sort();
}

/** Declarations without comments and without the space between words, so that only what they say counts. */
function said(file: string): string {
  return readFileSync(file, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

test("the packages whose declarations are held are all that are published", () => {
  const names = folders.map((folder) => packageOf(folder).name);
  expect(names).toEqual(
    expect.arrayContaining([
      "@floe/core",
      "@floe/oci",
      "@floe/plugin-testkit",
      "create-floe-plugin",
    ]),
  );
  expect(names).not.toContain("@floe/testing");
});

test.each(folders.map((folder) => [packageOf(folder).name, folder] as const))(
  "%s declares what it did, or somebody meant it",
  async (_, folder) => {
    const sections = Object.entries(packageOf(folder).exports ?? {}).flatMap(([entry, target]) => {
      if (typeof target !== "object" || target.types === undefined) return [];
      const lines = reached(join(folder, target.types)).map((file) => {
        const hash = createHash("sha256").update(said(file)).digest("hex");
        return `${hash.slice(0, 16)} ${relative(join(folder, "dist"), file)}`;
      });
      return [`${entry}\n${lines.map((line) => `  ${line}`).join("\n")}`];
    });
    await expect(`${HEADER}\n${sections.join("\n\n")}\n`).toMatchFileSnapshot(
      join(folder, "api/declarations.txt"),
    );
  },
);
