import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { table } from "../../render/table.ts";

export default class List extends FloeCommand {
  static override summary = "List the gates that are installed and where they come from";
  static override description =
    "Says of each why it cannot be used. Without --check no plugin is run, and only what its package.json says is known.";
  static override examples = [
    "<%= config.bin %> gate list",
    "<%= config.bin %> gate list --check",
    "<%= config.bin %> gate list -o json",
  ];
  static override flags = {
    check: Flags.boolean({
      description: "Import every plugin, to see whether it is what its package.json says",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(List);
    const { listInstalledGates } = await import("../../list-installed-gates.ts");
    const { pluginHome } = await import("../../plugins/plugin-home.ts");
    const listings = await listInstalledGates({
      manifestPath: flags.manifest,
      installed: this.installedPlugins(),
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
      home: pluginHome(process.env),
      check: flags.check,
    });
    const rows = listings.map(({ id, plugin, problem }) => ({
      id,
      plugin: plugin.name,
      version: plugin.version,
      origin: plugin.origin,
      usable: problem === null,
      problem,
    }));
    await this.result(rows, () =>
      table(
        ["GATE", "PLUGIN", "VERSION", "ORIGIN", "USABLE"],
        rows.map((row) => [
          row.id ?? "-",
          row.plugin,
          row.version,
          row.origin,
          row.usable
            ? { text: "yes", style: "green" }
            : { text: `no: ${row.problem}`, style: "red" },
        ]),
      ),
    );
  }
}
