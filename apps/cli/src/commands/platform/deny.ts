import { Args, Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { opinionJson, opinionText } from "../../render/approvals.ts";

export default class Deny extends FloeCommand {
  static override summary = "Deny a version an environment that asks for approvals";
  static override description =
    "One denial blocks the digest there, however many have approved it, until whoever denied takes it back. It replaces an approval of your own.";
  static override examples = [
    "<%= config.bin %> platform deny v1.2.3 --env prod --reason 'breaks the checkout'",
    "<%= config.bin %> platform deny v1.2.3 --env prod --withdraw",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment that it may not enter" }),
    reason: Flags.string({ description: "Why, for everybody who is stopped by it" }),
    withdraw: Flags.boolean({ description: "Take your own denial back" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Deny);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      version: args.version,
      environment: flags.env,
      reason: flags.reason,
      withdraw: flags.withdraw,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.deny(request, { signal: this.signal });
    await this.result(opinionJson(outcome), () => opinionText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
  }
}
