import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag } from "../../floe-command.ts";
import { reconcileJson, reconcileText } from "../../render/reconcile.ts";

export default class Reconcile extends FloeCommand {
  static override summary = "Finish what an interrupted run left open";
  static override description =
    "An operation that had reached its commit point is rolled forward; any other is closed as aborted. What may still be running is left alone.";
  static override examples = [
    "<%= config.bin %> platform reconcile",
    "<%= config.bin %> platform reconcile --env prod -o json",
  ];
  static override flags = {
    ...keyFlag,
    env: Flags.string({ description: "Only this environment" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Reconcile);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = flags.env === undefined ? {} : { environment: flags.env };
    const outcome = await composed.floe.reconcile(request, { signal: this.signal });
    await this.result(reconcileJson(outcome), () => reconcileText(outcome));
    if (outcome.blocking.length > 0) this.refuse(outcome.blocking);
  }
}
