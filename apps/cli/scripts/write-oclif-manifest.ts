// Writes oclif.manifest.json after a build, so that starting a command does not import all of them.
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
