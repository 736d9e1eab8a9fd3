// Writes into every package that is published where it is built from. Argument: the repository's URL, as
// git+https://HOST/OWNER/NAME.git. Run in the root of a checkout, before publishing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicPackages } from "./public-packages.ts";
import { withRepository } from "./with-repository.ts";

const [url = ""] = process.argv.slice(2);
for (const directory of publicPackages(process.cwd())) {
  const path = join(process.cwd(), directory, "package.json");
  writeFileSync(path, withRepository(readFileSync(path, "utf8"), { url, directory }));
}
