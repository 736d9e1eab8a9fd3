import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folders of all packages that are published, from the root of a checkout, such as `packages/core`. */
export function publicPackages(root: string): string[] {
  return ["packages", "plugins", "apps"]
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .filter((folder) => {
      const text = readFileSync(join(root, folder, "package.json"), "utf8");
      return (JSON.parse(text) as { readonly private?: boolean }).private !== true;
    })
    .sort();
}
