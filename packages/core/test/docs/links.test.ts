import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PAGES = globSync(
  [
    "*.md",
    "docs/**/*.md",
    "examples/**/*.md",
    "{packages,plugins,apps}/*/README.md",
    ".changeset/*.md",
  ],
  { cwd: ROOT, exclude: (path) => path.includes("node_modules") },
);

/** The anchors that a page's headings make, as GitHub does. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(page, "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  const anchors = new Set<string>();
  for (const [, title = ""] of text.matchAll(/^#+ (.+)$/gm)) {
    const base = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Links of a page that lead nowhere in the repository. */
function brokenLinks(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (relative(ROOT, target).startsWith("..") || !existsSync(target)) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor);
  });
}

test("there are pages to look at", () => {
  expect(PAGES).toEqual(expect.arrayContaining(["README.md", "docs/threat-model.md"]));
});

test.each(PAGES)("every link in %s leads somewhere", (page) => {
  expect(brokenLinks(page)).toEqual([]);
});
