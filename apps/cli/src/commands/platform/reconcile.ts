import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag } from "../../floe-command.ts";
import { reconcileJson, reconcileText } from "../../render/reconcile.ts";

export default class Reconcile extends FloeCommand {
  static override summary = "Finish what an interrupted run left open";
  static override description =
    "An operation that had reached its commit point is rolled forward; any other is closed as aborted. What may still be running is left alone. Secondary registries are compared with the ledger, and get what they lack. Webhooks are told what they were not told yet. With --settle, it first says whether the newest events of an environment count whose authors the manifest, which was changed since, does not let act there.";
  static override examples = [
    "<%= config.bin %> platform reconcile",
    "<%= config.bin %> platform reconcile --env prod -o json",
    "<%= config.bin %> platform reconcile --env prod --settle count --reason 'alice has left; what she did stands'",
  ];
  static override flags = {
    ...keyFlag,
    env: Flags.string({ description: "Only this environment" }),
    settle: Flags.option({
      options: ["count", "disregard"] as const,
      dependsOn: ["env", "reason"],
      description: "Whether events count that the manifest of today cannot judge",
    })(),
    reason: Flags.string({ dependsOn: ["settle"], description: "Why, for --settle" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Reconcile);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      environment: flags.env,
      ...(flags.settle === undefined
        ? {}
        : { settle: { how: flags.settle, reason: flags.reason ?? "" } }),
    };
    const outcome = await composed.floe.reconcile(request, { signal: this.signal });
    await this.result(reconcileJson(outcome), () => reconcileText(outcome));
    if (outcome.blocking.length > 0) this.refuse(outcome.blocking);
  }
}
