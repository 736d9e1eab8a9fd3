import { EXIT } from "@floe/core/errors";
import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { driftText } from "../../render/audit.ts";

export default class AuditDrift extends FloeCommand {
  static override summary = "Compare tags and records with the ledgers";
  static override description =
    "Who can push can move tags without floe: this is where it shows. Ends with 18 when a tag was moved, is gone, or is there without an event.";
  static override examples = [
    "<%= config.bin %> audit drift",
    "<%= config.bin %> audit drift --env prod -o json",
  ];
  static override flags = { env: Flags.string({ description: "Only this environment" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditDrift);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const found = await composed.floe.drift({ environment: flags.env }, { signal: this.signal });
    await this.result(found, () => driftText(found));
    if (found.length > 0) process.exitCode = EXIT.integrity;
  }
}
