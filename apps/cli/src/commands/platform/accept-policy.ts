import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { acceptPolicyJson, acceptPolicyText } from "../../render/accept-policy.ts";

export default class AcceptPolicy extends FloeCommand {
  static override summary = "Accept a changed manifest for an environment that pins its policy";
  static override description =
    "Pins what the environment requires and who may do what there to this manifest. Only somebody may whom both this manifest and the one that is pinned let act in the environment.";
  static override examples = [
    "<%= config.bin %> platform accept-policy --env prod --reason 'bob joins the release managers'",
  ];
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment to pin to this manifest" }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who reads the history",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AcceptPolicy);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      environment: flags.env,
      reason: flags.reason,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.acceptPolicy(request, { signal: this.signal });
    await this.result(acceptPolicyJson(outcome), () => acceptPolicyText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
  }
}
