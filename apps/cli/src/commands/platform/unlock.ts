import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { lockJson, lockText } from "../../render/lock.ts";

export default class Unlock extends FloeCommand {
  static override summary = "Unlock an environment; unlocking what is not locked changes nothing";
  static override examples = [
    "<%= config.bin %> platform unlock --env prod --reason 'incident 4711 is over'",
  ];
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment to unlock" }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who is stopped by it",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Unlock);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      environment: flags.env,
      reason: flags.reason,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.unlock(request, { signal: this.signal });
    await this.result(lockJson(outcome), () => lockText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
  }
}
