import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A plugin package to write; what is left out is right. */
export interface PluginInput {
  /** Gates by id; each the body of an async `evaluate(subject, options, services)`. */
  readonly gates: Readonly<Record<string, string>>;
  /** The `floe` field of package.json. Default: what the gates need. */
  readonly descriptor?: unknown;
  /** The whole module, instead of one made from `gates`. */
  readonly source?: string;
}

/** Installs a plugin into the folder's node_modules, the way a package manager leaves it there: version 1.2.3. */
export function writePlugin(folder: string, name: string, input: PluginInput): void {
  const root = join(folder, "node_modules", name);
  mkdirSync(root, { recursive: true });
  const descriptor = input.descriptor ?? {
    apiVersion: "floe.dev/v1",
    gates: Object.keys(input.gates),
  };
  const manifest = {
    name,
    version: "1.2.3",
    type: "module",
    exports: "./index.js",
    oclif: {},
    floe: descriptor,
  };
  writeFileSync(join(root, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(root, "index.js"), input.source ?? moduleOf(name, input.gates));
}

/** The module of a plugin whose gates take any settings: a Standard Schema needs no library. */
export function moduleOf(name: string, gates: PluginInput["gates"]): string {
  const providers = Object.entries(gates).map(
    ([id, body]) => `{
      id: ${JSON.stringify(id)},
      summary: "a gate of a test",
      config: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } },
      create: (config, services) => ({
        async evaluate(subject, options) { ${body} },
      }),
    }`,
  );
  return `export default {
    apiVersion: "floe.dev/v1",
    meta: { name: ${JSON.stringify(name)}, version: "1.2.3" },
    gates: [${providers.join(",")}],
  };\n`;
}
