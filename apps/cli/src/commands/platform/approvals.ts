import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { approvalsJson, approvalsText } from "../../render/approvals.ts";

export default class Approvals extends FloeCommand {
  static override summary = "List what approvers have to decide, and what they have decided";
  static override description =
    "Versions whose promotion was refused for want of an approval, and those that were approved or denied and not promoted since. Only what counts today is shown.";
  static override examples = [
    "<%= config.bin %> platform approvals",
    "<%= config.bin %> platform approvals --env prod -o json",
  ];
  static override flags = { env: Flags.string({ description: "Only this environment" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Approvals);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const rows = await composed.floe.approvals({ environment: flags.env }, { signal: this.signal });
    await this.result(approvalsJson(rows), () => approvalsText(rows, new Date()));
  }
}
