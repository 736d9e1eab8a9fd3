import { Args, Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { opinionJson, opinionText } from "../../render/approvals.ts";

export default class Approve extends FloeCommand {
  static override summary = "Approve a version for an environment that asks for approvals";
  static override description =
    "Signs an approval of exactly this digest, for this environment and what it requires now. It expires, is used up by the promotion, and does not count when the approver runs the promotion.";
  static override examples = [
    "<%= config.bin %> platform approve v1.2.3 --env prod --key keys/alice.key",
    "<%= config.bin %> platform approve v1.2.3@sha256:… --env prod --reason 'checked with support'",
    "<%= config.bin %> platform approve v1.2.3 --env prod --withdraw",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment that it may enter" }),
    reason: Flags.string({ description: "Why, for everybody who reads the history" }),
    withdraw: Flags.boolean({ description: "Take your own approval back" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Approve);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      version: args.version,
      environment: flags.env,
      reason: flags.reason,
      withdraw: flags.withdraw,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.approve(request, { signal: this.signal });
    await this.result(opinionJson(outcome), () => opinionText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
  }
}
