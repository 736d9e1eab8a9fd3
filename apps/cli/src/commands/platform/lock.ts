import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { lockJson, lockText } from "../../render/lock.ts";

export default class Lock extends FloeCommand {
  static override summary =
    "Lock an environment: nothing is promoted or rolled back until it is unlocked";
  static override examples = [
    "<%= config.bin %> platform lock --env prod --reason 'incident 4711'",
  ];
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment to lock" }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who is stopped by it",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Lock);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      environment: flags.env,
      reason: flags.reason,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.lock(request, { signal: this.signal });
    await this.result(lockJson(outcome), () => lockText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
  }
}
