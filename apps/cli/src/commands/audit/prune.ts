import { Flags } from "@oclif/core";
import { archiveFile } from "../../files/archive-file.ts";
import { FloeCommand, keyFlag } from "../../floe-command.ts";
import { parseTime } from "../../parse-flags.ts";
import { prunedJson, prunedText } from "../../render/pruned.ts";

export default class AuditPrune extends FloeCommand {
  static override summary = "Remove events that the manifest does not keep any more";
  static override description =
    "Needs artifacts.promotion.audit.retention (at least 730d), and a checkpoint that covers what goes. Everything is first written to an archive, a bundle that floe audit verify --bundle verifies, and read back; then each ledger says in a signed event what was removed and where it is; then it is removed from the store. What anything rests on stays: the way in of what environments run or go back to, approvals and denials that stand. The same command finishes what was interrupted.";
  static override examples = [
    "<%= config.bin %> audit prune --dry-run",
    "<%= config.bin %> audit prune --archive ledgers-2026.bundle",
    "<%= config.bin %> audit prune --env dev --before 2023-01-01 --archive dev-2022.bundle",
  ];
  static override flags = {
    archive: Flags.string({
      description: "File to write what is removed to; never written over. Keep it",
      exclusive: ["dry-run"],
    }),
    env: Flags.string({ description: "Only this environment" }),
    before: Flags.string({
      description: "Only what is older than a time, or than a duration (1500d). Default: retention",
    }),
    "dry-run": Flags.boolean({ description: "Say what would be removed, and what stays and why" }),
    operator: Flags.string({ description: "A label for who ordered it; proves nothing" }),
    ...keyFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditPrune);
    const dryRun = flags["dry-run"];
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const pruned = await composed.floe.pruneLedgers(
      {
        environment: flags.env,
        before: parseTime(flags.before, new Date()),
        archive: flags.archive === undefined ? null : archiveFile(flags.archive),
        dryRun,
        claimedOperator: flags.operator,
      },
      { signal: this.signal },
    );
    await this.result(pruned.map(prunedJson), () => prunedText(pruned, flags.archive));
  }
}
