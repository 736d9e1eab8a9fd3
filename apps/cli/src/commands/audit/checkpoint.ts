import { exitCodeOfCopies } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { Flags } from "@oclif/core";
import { writeWhole } from "../../files/write-whole.ts";
import { FloeCommand, keyFlag } from "../../floe-command.ts";
import { checkpointJson, checkpointText } from "../../render/audit.ts";

export default class AuditCheckpoint extends FloeCommand {
  static override summary = "Sign what a ledger holds now";
  static override description =
    "Writes a signed note (C2SP) over the number of events and the root of their Merkle tree, and puts it beside the ledger under floe-cp.ENV. The same note goes into every other place that the manifest names in audit.anchors. Keep a copy elsewhere with --out: it then also shows what the registry's owner could hide.";
  static override examples = [
    "<%= config.bin %> audit checkpoint",
    "<%= config.bin %> audit checkpoint --env prod --out prod.checkpoint",
  ];
  static override flags = {
    env: Flags.string({ description: "Only this environment; needed with --out" }),
    out: Flags.string({ description: "Write the checkpoint to this file too", dependsOn: ["env"] }),
    ...keyFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditCheckpoint);
    await using composed = await this.compose(flags, {
      writes: true,
      withoutGates: true,
      withAnchors: true,
    });
    const made = await composed.floe.checkpoint(
      { environment: flags.env },
      { signal: this.signal },
    );
    const [only] = made;
    if (flags.out !== undefined && only) await writeWhole(flags.out, only.note);
    if (made.length === 0)
      throw new FloeError({
        code: "FLOE_LEDGER_EVENT_NOT_FOUND",
        message: `${flags.env ?? "no environment"} has ${flags.env === undefined ? "a" : "no"} ledger yet`,
        hint: "Promote something first.",
      });
    await this.result(made.map(checkpointJson), () => checkpointText(made, flags.out));
    process.exitCode = exitCodeOfCopies(made.flatMap(({ anchors }) => anchors));
  }
}
