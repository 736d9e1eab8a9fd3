import { Flags } from "@oclif/core";
import { writeLines } from "../../files/write-lines.ts";
import { FloeCommand } from "../../floe-command.ts";
import { bundleJson, bundleText } from "../../render/audit-bundle.ts";

export default class AuditBundle extends FloeCommand {
  static override summary = "Put ledgers into one file for an auditor";
  static override description =
    "Events as they are stored, checkpoints, keys, and what is signed beside the artifacts. floe-audit-verify checks the file without floe and without a network, floe audit verify --bundle does the same. Nothing is judged here; the same ledgers give the same bytes.";
  static override examples = [
    "<%= config.bin %> audit bundle --out floe.bundle",
    "<%= config.bin %> audit bundle --env prod --out prod.bundle -o json",
  ];
  static override flags = {
    out: Flags.string({ required: true, description: "File to write" }),
    env: Flags.string({ description: "Only this environment" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditBundle);
    await using composed = await this.compose(flags, {
      writes: false,
      withoutGates: true,
      withAnchors: true,
    });
    const made = await composed.floe.bundleLedgers(
      { environment: flags.env },
      { signal: this.signal },
    );
    const written = await writeLines(flags.out, made.lines);
    const logger = this.logger(flags);
    for (const what of made.left) logger.warn(`not in the bundle: ${what}`);
    await this.result(bundleJson(made, flags.out, written), () =>
      bundleText(made, flags.out, written),
    );
  }
}
