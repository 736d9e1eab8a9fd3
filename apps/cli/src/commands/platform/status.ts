import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { parseTime } from "../../parse-flags.ts";
import { boardJson, boardText } from "../../render/board.ts";

export default class Status extends FloeCommand {
  static override summary = "Show what every environment runs";
  static override aliases = ["status"];
  static override description =
    "Ends with 18 when a ledger cannot be believed, or somebody has written to it who may not change the environment.";
  static override examples = [
    "<%= config.bin %> status",
    "<%= config.bin %> status v1.2.3",
    "<%= config.bin %> status --env prod --history 5",
    "<%= config.bin %> status --at 2026-11-22T10:00:00Z",
    "<%= config.bin %> status --env prod -o json",
  ];
  static override args = {
    version: Args.string({ description: "Also show where this version stands" }),
  };
  static override flags = {
    env: Flags.string({ description: "Only this environment" }),
    history: Flags.integer({ min: 1, description: "Also the newest events, at most so many" }),
    at: Flags.string({
      description:
        "What was there at a time (2026-11-22T10:00:00Z), or so long ago (7d), by the ledger",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const rows = await composed.floe.status(
      {
        environment: flags.env,
        version: args.version,
        history: flags.history,
        at: parseTime(flags.at, new Date()),
      },
      { signal: this.signal },
    );
    await this.result(boardJson(rows), () =>
      boardText(rows, rows[0]?.asOf === undefined ? new Date() : new Date(rows[0].asOf)),
    );
    const findings = rows.flatMap((row) => row.findings);
    if (findings.length > 0) this.refuse(findings, "FOUND");
  }
}
