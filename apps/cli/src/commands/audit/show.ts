import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { shownEventJson, shownEventText } from "../../render/audit.ts";

export default class AuditShow extends FloeCommand {
  static override summary = "Show a ledger event whole, as it was signed";
  static override description =
    "With --bundle the signed bytes are printed as they are stored: a sigstore bundle that stock tools verify.";
  static override examples = [
    "<%= config.bin %> audit show 41 --env prod",
    "<%= config.bin %> audit show sha256:9f86d0 --env prod -o json",
    "<%= config.bin %> audit show 41 --env prod --bundle > event.sigstore.json",
  ];
  static override args = {
    event: Args.string({
      required: true,
      description: "Its number, id or operation, or the start of its hash",
    }),
  };
  static override flags = {
    env: Flags.string({ required: true, description: "Environment whose ledger has it" }),
    bundle: Flags.boolean({ description: "Print the signed bundle instead, byte for byte" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditShow);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = { environment: flags.env, event: args.event };
    const events = await composed.floe.showEvents(request, { signal: this.signal });
    if (flags.bundle) {
      const { printBytes } = await import("../../render/print-bytes.ts");
      for (const { bytes } of events) await printBytes(bytes);
      return;
    }
    await this.result(events.map(shownEventJson), () => shownEventText(events));
  }
}
