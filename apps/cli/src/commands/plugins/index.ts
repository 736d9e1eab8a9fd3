import { FloeCommand } from "../../floe-command.ts";
import { table } from "../../render/table.ts";

export default class Plugins extends FloeCommand {
  static override aliases = ["plugins:list"];
  static override summary =
    "List the plugins that are installed for you, and those that come with floe";
  static override description =
    "Nothing of a plugin is run. Plugins of a project are named in its manifest, and shown by floe gate list.";
  static override examples = ["<%= config.bin %> plugins", "<%= config.bin %> plugins -o json"];

  async run(): Promise<void> {
    await this.parse(Plugins);
    const { listPlugins } = await import("../../plugins/list-plugins.ts");
    const { pluginHome } = await import("../../plugins/plugin-home.ts");
    const rows = listPlugins(pluginHome(process.env), this.bundledPlugins());
    await this.result(rows, () =>
      table(
        ["PLUGIN", "VERSION", "ORIGIN", "PROVIDES", "USABLE"],
        rows.map((row) => [
          row.name,
          row.version,
          row.origin,
          [...row.gates, ...row.audit_backends].join(", "),
          row.problem === null
            ? { text: "yes", style: "green" }
            : { text: `no: ${row.problem}`, style: "red" },
        ]),
      ),
    );
  }
}
