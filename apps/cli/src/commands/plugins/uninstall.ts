import { Args } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";

export default class Uninstall extends FloeCommand {
  static override aliases = ["plugins:unlink", "plugins:remove"];
  static override summary = "Remove a plugin that you have installed, or the link to one";
  static override examples = ["<%= config.bin %> plugins uninstall floe-plugin-acme"];
  static override args = {
    plugin: Args.string({ description: "Name of the package", required: true }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Uninstall);
    const { uninstallPlugin } = await import("../../plugins/uninstall-plugin.ts");
    const { pluginHome } = await import("../../plugins/plugin-home.ts");
    const { name, version, origin } = await uninstallPlugin(args.plugin, pluginHome(process.env));
    await this.result({ success: true, name, version, origin }, () =>
      origin === "link" ? `Removed the link to ${name}` : `Uninstalled ${name} ${version}`,
    );
  }
}
