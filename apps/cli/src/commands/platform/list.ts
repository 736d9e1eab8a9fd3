import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { table } from "../../render/table.ts";

export default class List extends FloeCommand {
  static override summary = "List the tags of environments";
  static override description =
    "In the order of the path, newest version first; floe's own tags are left out. To list everything: floe artifact list.";
  static override examples = [
    "<%= config.bin %> platform list",
    "<%= config.bin %> platform list --env prod",
    "<%= config.bin %> platform list --version v1.2.3 -o json",
  ];
  static override flags = {
    env: Flags.string({ description: "Only this environment" }),
    version: Flags.string({ description: "Only tags of this version" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(List);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = { environment: flags.env, version: flags.version };
    const rows = await composed.floe.listTags(request, { signal: this.signal });
    await this.result(rows, () =>
      rows.length === 0
        ? "No tags."
        : table(
            ["ENVIRONMENT", "TAG", "VERSION", "CURRENT"],
            rows.map((row) => [
              row.environment,
              row.tag,
              row.version ?? "-",
              row.current ? { text: "yes", style: "green" } : "",
            ]),
          ),
    );
  }
}
