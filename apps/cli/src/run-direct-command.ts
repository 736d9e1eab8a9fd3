import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Config, flush, handle, type Interfaces } from "@oclif/core";
import type { DirectCommand } from "./find-direct-command.ts";
import type { FloeCommand } from "./floe-command.ts";
import { leaveSoon } from "./leave-soon.ts";

/**
 * Runs a command that is known, without having oclif look for plugins and load their commands first, which takes as long
 * as a short command itself. `url` is the launcher's.
 */
export async function runDirectCommand(command: DirectCommand, url: string): Promise<void> {
  try {
    const root = fileURLToPath(new URL("..", url));
    const file = pathToFileURL(join(root, "dist", command.file)).href;
    const { default: Command } = (await import(file)) as { readonly default: LoadedCommand };
    Command.id = command.id;
    await new Command([...command.args], directConfig(root)).runDirectly();
    await flush();
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)));
  }
  leaveSoon();
}

interface LoadedCommand {
  id: string;
  new (argv: string[], config: Config): FloeCommand;
}

type Pjson = Interfaces.PJSON & { readonly version: string };

/** What a command sees of oclif's configuration, as oclif would have it. */
function directConfig(root: string): Config {
  const pjson = readPackage(join(root, "package.json"));
  const config = new Config({ root });
  const { name, version, oclif } = pjson;
  const { arch, platform } = process;
  let plugins: Interfaces.Plugin[] | null = null;
  return Object.assign(config, {
    ...{ root, pjson, name, version, arch, platform, valid: true, windows: false },
    bin: oclif.bin ?? name,
    dirname: oclif.dirname ?? name,
    topicSeparator: " ",
    userAgent: `${name}/${version} ${platform}-${arch} node-${process.version}`,
    // Hooks before flags are parsed are the root's alone, and it has none.
    rootPlugin: { name, root, pjson, hooks: {} },
    // Only commands that run gates ask for them.
    getPluginsList: () => {
      plugins ??= bundledPlugins(root, pjson);
      return plugins;
    },
  });
}

function bundledPlugins(root: string, pjson: Pjson): Interfaces.Plugin[] {
  const base = join(root, "package.json");
  return (pjson.oclif.plugins ?? []).flatMap((name) => {
    const path = findPackageJSON(name, base);
    if (path === undefined) return [];
    const { version, ...rest } = readPackage(path);
    const plugin = {
      name,
      version,
      root: dirname(path),
      type: "core",
      pjson: { version, ...rest },
    };
    return [plugin as unknown as Interfaces.Plugin];
  });
}

function readPackage(path: string): Pjson {
  return JSON.parse(readFileSync(path, "utf8")) as Pjson;
}
