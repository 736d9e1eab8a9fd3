import { Args, Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { adoptJson, adoptText } from "../../render/adopt.ts";

export default class Adopt extends FloeCommand {
  static override summary = "Record what an environment runs already, without gates";
  static override description =
    "For estates from before floe, and for drift that is accepted: a signed event says who takes responsibility, and tags that are missing are written. It takes what latest-ENV holds, and nothing else. What rests on it is shown as adopted everywhere.";
  static override examples = [
    "<%= config.bin %> platform adopt v1.2.3 --env prod --reason 'ran there before floe'",
    "<%= config.bin %> platform adopt v1.2.4@sha256:… --env prod --reason 'hotfix of incident 4711, by hand'",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment that runs it" }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who reads the history",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Adopt);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      version: args.version,
      environment: flags.env,
      reason: flags.reason,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.adopt(request, { signal: this.signal });
    await this.result(adoptJson(outcome), () => adoptText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
  }
}
