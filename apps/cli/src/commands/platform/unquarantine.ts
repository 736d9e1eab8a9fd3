import { Args, Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { quarantineJson, quarantineText } from "../../render/quarantine.ts";

export default class Unquarantine extends FloeCommand {
  static override summary = "Let a digest into environments again";
  static override description =
    "Ends every hold on the digest: its quarantine, and what a rollback has left. To have an environment run it again: promote it with --force.";
  static override examples = [
    "<%= config.bin %> platform unquarantine v1.2.3 --reason 'a false alarm'",
    "<%= config.bin %> platform unquarantine v1.2.3 --env prod --reason 'the load balancer was it'",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "Only this environment; may be given several times",
    }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who reads the history",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Unquarantine);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      version: args.version,
      environments: flags.env,
      reason: flags.reason,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.unquarantine(request, { signal: this.signal });
    await this.result(quarantineJson(outcome), () => quarantineText(outcome));
    if (outcome.blocking.length > 0) this.refuse(outcome.blocking);
  }
}
