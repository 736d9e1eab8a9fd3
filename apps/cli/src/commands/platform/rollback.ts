import { Args, Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag, overrideFlag } from "../../floe-command.ts";
import { parseKinds } from "../../parse-flags.ts";
import { operationJson } from "../../render/operation-json.ts";
import { operationText } from "../../render/operation-text.ts";

export default class Rollback extends FloeCommand {
  static override summary = "Return an environment to a version that ran there before";
  static override description =
    "Moves latest-ENV back, with a signed record and a rollback tag. Nothing is deleted; the version that is left is held in that environment.";
  static override aliases = ["rollback"];
  static override examples = [
    "<%= config.bin %> rollback --env prod --reason 'checkout fails for guests'",
    "<%= config.bin %> rollback v1.2.2 --env prod --reason 'memory leak' --dry-run",
  ];
  static override args = {
    version: Args.string({
      description: "Version to return to; default the one before the current",
    }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({ required: true, description: "Environment to roll back" }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who reads the history",
    }),
    override: overrideFlag(),
    "dry-run": Flags.boolean({ description: "Evaluate everything and write nothing" }),
    "strict-sync": Flags.boolean({
      description: "End with 19 when a secondary registry could not be brought up to date",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rollback);
    const started = performance.now();
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const outcome = await composed.floe.rollback(
      {
        environment: flags.env,
        version: args.version,
        reason: flags.reason,
        override: flags.override === undefined ? undefined : parseKinds(flags.override),
        dryRun: flags["dry-run"],
        strictSync: flags["strict-sync"],
        claimedOperator: flags.operator,
      },
      { signal: this.signal },
    );
    const measured = { durationMs: performance.now() - started, stats: composed.stats };
    await this.result(operationJson(outcome, measured), () => operationText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
    if (outcome.kind === "done") this.incomplete(outcome);
  }
}
