import { relative, resolve } from "node:path";
import { FloeError } from "@floe/core/errors";
import { Args } from "@oclif/core";
import { PLUGIN_KINDS, pluginNames, pluginProject, writeProject } from "create-floe-plugin";
import { FloeCommand } from "../../floe-command.ts";

export default class New extends FloeCommand {
  static override summary = "Start a plugin of your own, in TypeScript";
  static override description =
    "Writes a package with a gate, or an audit backend, that works: it builds, passes the checks of @floe/plugin-testkit and can be installed. The same as npm create floe-plugin.";
  static override examples = [
    "<%= config.bin %> plugins new gate layer-limit",
    "<%= config.bin %> plugins new audit-backend @acme/ledger-store",
  ];
  static override args = {
    kind: Args.string({ description: "What it is", options: [...PLUGIN_KINDS], required: true }),
    name: Args.string({
      description:
        "layer-limit, floe-plugin-layer-limit or @acme/layer-limit; a folder of that name is made here",
      required: true,
    }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(New);
    const kind = PLUGIN_KINDS.find((one) => one === args.kind);
    const names = pluginNames(args.name);
    if (kind === undefined || names === null) {
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: `${JSON.stringify(args.name)} is no name for a plugin`,
        hint: "Give one such as layer-limit or @acme/layer-limit: small letters, digits and dashes; ids of floe's own are taken.",
        details: { name: args.name },
      });
    }
    const folder = resolve(names.folder);
    const files = writeProject(folder, pluginProject(kind, names, this.config.version));
    if (files === null) {
      throw new FloeError({
        code: "FLOE_INIT_EXISTS",
        message: `${folder} has something in it already; nothing was written`,
        hint: "Choose another name, or move what is there away.",
        details: { path: folder },
      });
    }
    await this.result(
      { success: true, folder, name: names.package, id: names.id, files },
      () =>
        `${files.map((path) => `  ${names.folder}/${path}`).join("\n")}\n\nNext: cd ${relative(process.cwd(), folder)}, npm install, npm test, npm run build, floe plugins link`,
    );
  }
}
