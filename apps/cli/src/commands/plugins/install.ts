import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { installedJson, installedText } from "../../render/plugins.ts";

export default class Install extends FloeCommand {
  static override aliases = ["plugins:add"];
  static override summary = "Install a plugin for yourself, from a package registry or a tarball";
  static override description =
    "The plugin is checked before it counts; when anything is wrong, nothing is left behind. None of its code is run by installing it. Plugins of a project are better installed in the project, with its package manager, and named in the manifest.";
  static override examples = [
    "<%= config.bin %> plugins install floe-plugin-acme",
    "<%= config.bin %> plugins install floe-plugin-acme@1.2.0",
    "<%= config.bin %> plugins install file:floe-plugin-acme-1.2.0.tgz",
  ];
  static override args = {
    plugin: Args.string({
      description: "Name of a package, with or without @version; or file:PATH of a tarball",
      required: true,
    }),
  };
  static override flags = {
    "run-scripts": Flags.boolean({
      description:
        "Run the install scripts of the plugin and of what it depends on: code that runs with your rights, at once",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Install);
    const { installPlugin } = await import("../../plugins/install-plugin.ts");
    const { parsePluginSpec } = await import("../../plugins/plugin-spec.ts");
    const { pluginHome } = await import("../../plugins/plugin-home.ts");
    const outcome = await installPlugin(parsePluginSpec(args.plugin, process.cwd()), {
      home: pluginHome(process.env),
      bundled: this.bundledPlugins(),
      runScripts: flags["run-scripts"],
      env: process.env,
      signal: this.signal,
    });
    const logger = this.logger(flags);
    if (outcome.skippedScripts.length > 0)
      logger.warn(
        `install scripts were not run: ${outcome.skippedScripts.join(", ")}; if the plugin needs them, install it with --run-scripts`,
      );
    if (outcome.replaces)
      logger.warn(
        `it takes the place of ${outcome.replaces.name} ${outcome.replaces.version}, which comes with floe`,
      );
    await this.result(installedJson(outcome, outcome.from), () =>
      installedText("Installed", outcome),
    );
  }
}
