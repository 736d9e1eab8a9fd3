import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { installedJson, installedText } from "../../render/plugins.ts";

export default class Update extends FloeCommand {
  static override summary = "Install a plugin again from where it came";
  static override description =
    "A name without a version gives the newest one. A plugin that cannot be used is not installed, and the one that is there stays.";
  static override examples = ["<%= config.bin %> plugins update floe-plugin-acme"];
  static override args = {
    plugin: Args.string({ description: "Name of the package", required: true }),
  };
  static override flags = {
    "run-scripts": Flags.boolean({ description: "As for plugins install" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Update);
    const { installPlugin } = await import("../../plugins/install-plugin.ts");
    const { findUpdatable } = await import("../../plugins/uninstall-plugin.ts");
    const { pluginHome } = await import("../../plugins/plugin-home.ts");
    const home = pluginHome(process.env);
    const before = findUpdatable(args.plugin, home);
    const outcome = await installPlugin(before.from, {
      ...{ home, bundled: this.bundledPlugins(), runScripts: flags["run-scripts"] },
      ...{ env: process.env, signal: this.signal },
    });
    await this.result(installedJson(outcome, outcome.from), () =>
      installedText(`Updated from ${before.version}:`, outcome),
    );
  }
}
