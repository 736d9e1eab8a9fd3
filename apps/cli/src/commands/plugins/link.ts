import { Args } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { installedJson, installedText } from "../../render/plugins.ts";

export default class Link extends FloeCommand {
  static override summary = "Use a plugin where it is, while you work on it";
  static override description =
    "What is changed in the folder counts at once. Build the plugin, and install what it depends on, yourself.";
  static override examples = [
    "<%= config.bin %> plugins link",
    "<%= config.bin %> plugins link ../floe-plugin-acme",
  ];
  static override args = {
    path: Args.string({ description: "Folder of the plugin's package.json", default: "." }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Link);
    const { linkPlugin } = await import("../../plugins/link-plugin.ts");
    const { pluginHome } = await import("../../plugins/plugin-home.ts");
    const home = pluginHome(process.env);
    const bundled = this.bundledPlugins();
    const outcome = await linkPlugin(args.path, { home, bundled, cwd: process.cwd() });
    await this.result(installedJson(outcome, outcome.root), () => installedText("Linked", outcome));
  }
}
