import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { publicPackages } from "../release/public-packages.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const URL_OF_IT = "git+https://git.example.com/acme/floe.git";

const packageAt = (root: string, folder: string) =>
  JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Record<string, unknown>;

/** The package.json of every public package, in a checkout of their own. */
function aCheckout() {
  const root = mkdtempSync(join(tmpdir(), "floe-release-"));
  for (const folder of publicPackages(ROOT))
    cpSync(join(ROOT, folder, "package.json"), join(root, folder, "package.json"));
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

function nameRepository(cwd: string, ...args: string[]) {
  const script = join(ROOT, "scripts/release/name-repository.ts");
  return spawnSync(process.execPath, [script, ...args], { cwd, encoding: "utf8" });
}

test("every public package asks for provenance, and says its licence and home", () => {
  const packages = publicPackages(ROOT).map((folder) => [folder, packageAt(ROOT, folder)] as const);
  expect(packages.length).toBeGreaterThan(15);
  for (const [folder, found] of packages)
    expect([folder, found]).toEqual([
      folder,
      expect.objectContaining({
        ...{ license: "Apache-2.0", homepage: "https://floe.dev" },
        publishConfig: { access: "public", provenance: true },
      }),
    ]);
});

test("no package names a repository before there is one whose address everybody can open", () => {
  const named = publicPackages(ROOT).filter((folder) => "repository" in packageAt(ROOT, folder));
  expect(named).toEqual([]);
});

test("a release names the repository that it is built from, and the folder of each package in it, and changes nothing else", () => {
  using checkout = aCheckout();
  const run = nameRepository(checkout.root, URL_OF_IT);
  expect(run.stderr).toBe("");
  for (const folder of publicPackages(ROOT)) {
    const { repository, ...rest } = packageAt(checkout.root, folder);
    expect(repository).toEqual({ type: "git", url: URL_OF_IT, directory: folder });
    expect(Object.entries(rest)).toEqual(Object.entries(packageAt(ROOT, folder)));
  }
  const once = readFileSync(join(checkout.root, "packages/core/package.json"), "utf8");
  nameRepository(checkout.root, URL_OF_IT);
  expect(readFileSync(join(checkout.root, "packages/core/package.json"), "utf8")).toBe(once);
});

test.each([[], ["https://git.example.com/acme/floe"], ["git+https://.git"]])(
  "a release from %j is refused, and nothing is written",
  (...args) => {
    using checkout = aCheckout();
    const run = nameRepository(checkout.root, ...args);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("is no git+https://HOST/OWNER/NAME.git");
    for (const folder of publicPackages(ROOT))
      expect(packageAt(checkout.root, folder)).not.toHaveProperty("repository");
  },
);
