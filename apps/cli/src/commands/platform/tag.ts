import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag } from "../../floe-command.ts";
import { refusedJson } from "../../render/refused-json.ts";

export default class Tag extends FloeCommand {
  static override summary = "Set the tags of an environment back to what its ledger says";
  static override description =
    "For drift: latest-ENV that somebody moved or deleted without floe, and an environment tag that is missing. Decides nothing anew; an immutable tag that holds something else is left alone. To accept drift instead: floe platform adopt.";
  static override examples = [
    "<%= config.bin %> platform tag --env prod --dry-run",
    "<%= config.bin %> platform tag --env prod",
  ];
  static override flags = {
    ...keyFlag,
    env: Flags.string({ required: true, description: "Environment whose tags are set back" }),
    "dry-run": Flags.boolean({ description: "Say what would be written, and write nothing" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Tag);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = { environment: flags.env, dryRun: flags["dry-run"] };
    const outcome = await composed.floe.restoreTags(request, { signal: this.signal });
    if (outcome.kind === "blocked") {
      await this.result(refusedJson(outcome.blocking), () => "");
      this.refuse(outcome.blocking);
      return;
    }
    const { environment, version, digest, dryRun, operator, tags } = outcome;
    const changed = !dryRun && tags.length > 0;
    const view = {
      success: true,
      environment,
      version,
      digest,
      changed,
      dry_run: dryRun,
      operator,
      tags,
    };
    await this.result(view, () =>
      tags.length === 0
        ? `${environment}: the tags are as the ledger says.`
        : tags
            .map(
              ({ tag, previous }) =>
                `${tag}: ${previous ?? "missing"} → ${digest}${dryRun ? " (would be written)" : ""}`,
            )
            .join("\n"),
    );
  }
}
