// Writes oclif.manifest.json after a build, so that starting a command does not import all of them, and from it the
// commands that are started without oclif's help; see src/start.ts.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Plugin } from "@oclif/core";

const root = fileURLToPath(new URL("..", import.meta.url));
const plugin = new Plugin({
  root,
  type: "core",
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
});
await plugin.load();
await writeFile(
  new URL("../oclif.manifest.json", import.meta.url),
  JSON.stringify(plugin.manifest),
);

/** It runs other commands, for which it needs oclif to know them. */
const NEEDS_OCLIF = "quickstart";
/** They sign with the operator's key, which is begun to be opened while they are loaded; see src/begin-opening-key.ts. */
const SIGN = ["platform:promote", "platform:rollback"];
const listed = Object.values(plugin.manifest.commands)
  .filter(({ id }) => id !== NEEDS_OCLIF)
  .flatMap(({ id, aliases, hiddenAliases, relativePath, args, strict }) => {
    const file = relativePath?.join("/").replace(/^dist\//, "");
    const takesWords = strict === false || Object.keys(args).length > 0;
    const names = [id, ...aliases, ...hiddenAliases].map((name) => name.replaceAll(":", " "));
    return names.map((name) => [
      name,
      { id, file, takesWords, ...(SIGN.includes(id) ? { signs: true } : {}) },
    ]);
  });
await writeFile(
  new URL("../dist/direct-commands.json", import.meta.url),
  JSON.stringify(Object.fromEntries(listed)),
);
