import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { gatesVerifiedJson, gatesVerifiedText } from "../../render/gates-verified.ts";

export default class Verify extends FloeCommand {
  static override summary = "Judge the gates of a promotion again, from the reports that were kept";
  static override description =
    "By the settings in force then, and with what the gates compared with then. Reads only; no command runs. Says of each gate whether the verdict is the same.";
  static override examples = [
    "<%= config.bin %> gate verify v1.2.3 --env prod",
    "<%= config.bin %> gate verify v1.2.3 --env prod -o json",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    env: Flags.string({ required: true, description: "Environment that it was promoted to" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Verify);
    await using composed = await this.compose(flags, { writes: false });
    const found = await composed.floe.verifyGates(
      { version: args.version, environment: flags.env },
      { signal: this.signal },
    );
    await this.result(gatesVerifiedJson(found), () => gatesVerifiedText(found));
    if (found.blocking.length > 0) this.refuse(found.blocking, "FOUND");
  }
}
