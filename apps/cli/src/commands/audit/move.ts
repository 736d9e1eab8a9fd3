import { Flags } from "@oclif/core";
import { FloeCommand, keyFlag } from "../../floe-command.ts";
import { readMoveTarget } from "../../read-move-target.ts";
import { movedJson, movedText } from "../../render/moved.ts";

export default class AuditMove extends FloeCommand {
  static override summary = "Let ledgers go on in another place";
  static override description =
    "Nothing is copied: what a ledger has stays where it is. The new place begins with a signed event that names the end of the old one, the old one ends with a signed event that names that beginning, and the registry then pins it. Run it with the manifest of the old place, and use the other one afterwards. The same command finishes what was interrupted. Refused while an operation is open (7), and of a ledger that is not what was written (18).";
  static override examples = ["<%= config.bin %> audit move --to manifest.new.yaml"];
  static override flags = {
    to: Flags.string({
      required: true,
      description: "Manifest that differs in audit: where ledgers go on; in the same folder",
    }),
    operator: Flags.string({ description: "A label for who ordered it; proves nothing" }),
    ...keyFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditMove);
    const target = await readMoveTarget(flags.to, {
      installed: this.installedPlugins(),
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
    });
    await using composed = await this.compose(flags, {
      writes: true,
      withoutGates: true,
      alsoUse: target.sources,
    });
    target.assertBeside(composed.manifest);
    const moved = await composed.floe.moveLedgers(
      { to: target.audit, claimedOperator: flags.operator },
      { signal: this.signal },
    );
    await this.result(moved.map(movedJson), () => movedText(moved, flags.to));
  }
}
