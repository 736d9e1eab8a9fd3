import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runProgram } from "@floe/testing";
import { moduleOf, type PluginInput } from "./write-plugin.ts";

/** A package to pack; what is left out is right. */
export interface PackageInput extends PluginInput {
  /** Members of package.json besides name, version, type, exports and floe. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly version?: string;
}

/** The npm that comes with floe. */
const NPM: string = join(
  dirname(
    createRequire(new URL("../../package.json", import.meta.url)).resolve("npm/package.json"),
  ),
  "bin/npm-cli.js",
);

/** Writes packages and packs them as `npm pack` does; one process for all of them. Gives the tarballs by name. */
export async function packPlugins(
  folder: string,
  packages: Readonly<Record<string, PackageInput>>,
): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(packages);
  for (const [index, [name, input]] of entries.entries())
    writePackage(join(folder, `p${index}`), name.replace(/#.*/, ""), input);
  const out = join(folder, "tarballs");
  mkdirSync(out);
  const tarballs: Record<string, string> = {};
  const folders = entries.map((_, index) => `./p${index}`);
  const run = await runProgram(
    [
      process.execPath,
      NPM,
      "pack",
      "--json",
      "--ignore-scripts",
      "--pack-destination",
      out,
      ...folders,
    ],
    { cwd: folder, env: { npm_config_offline: "true", npm_config_update_notifier: "false" } },
  );
  if (run.code !== 0) throw new Error(`npm pack ended with ${run.code}: ${run.output}`);
  const packed = readdirSync(out);
  for (const [name, input] of entries) {
    const plain = name.replace(/#.*/, "").replace("@", "").replace("/", "-");
    const file = `${plain}-${input.version ?? "1.2.3"}.tgz`;
    if (!packed.includes(file)) throw new Error(`${file} is not among ${packed.join(", ")}`);
    tarballs[name] = join(out, file);
  }
  return tarballs;
}

/** Packs the package in a folder as `npm pack` does, and gives the tarball. */
export async function packFolder(folder: string, destination: string): Promise<string> {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", destination, folder];
  const run = await runProgram([process.execPath, NPM, ...args], {
    cwd: destination,
    env: { npm_config_offline: "true", npm_config_update_notifier: "false" },
  });
  const file = readdirSync(destination).find((name) => name.endsWith(".tgz"));
  if (run.code !== 0 || file === undefined)
    throw new Error(`npm pack ended with ${run.code}: ${run.output}`);
  return join(destination, file);
}

function writePackage(folder: string, name: string, input: PackageInput): void {
  mkdirSync(folder, { recursive: true });
  const gates = Object.keys(input.gates);
  const pkg = {
    ...{ name, version: input.version ?? "1.2.3", type: "module", exports: "./index.js" },
    floe: "descriptor" in input ? input.descriptor : { apiVersion: "floe.dev/v1", gates },
    ...input.more,
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(pkg));
  writeFileSync(join(folder, "index.js"), input.source ?? moduleOf(name, input.gates));
}
