import { FloeCommand } from "../../floe-command.ts";
import { table } from "../../render/table.ts";

export default class List extends FloeCommand {
  static override summary = "List the gates that are installed and where they come from";
  static override examples = ["<%= config.bin %> gate list", "<%= config.bin %> gate list -o json"];

  async run(): Promise<void> {
    const { flags } = await this.parse(List);
    const { listInstalledGates } = await import("../../list-installed-gates.ts");
    const listings = await listInstalledGates({
      manifestPath: flags.manifest,
      installed: this.installedPlugins(),
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
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
          row.id,
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
