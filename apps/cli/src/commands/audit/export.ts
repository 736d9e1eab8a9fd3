import { EXPORT_FORMATS } from "@floe/core";
import { Flags } from "@oclif/core";
import { readCursor } from "../../export-cursor.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { FloeCommand, FORMATS } from "../../floe-command.ts";
import { parseTime } from "../../parse-flags.ts";
import { print } from "../../render/print.ts";

export default class AuditExport extends FloeCommand {
  static override summary = "Write ledger events in a form that others read";
  static override description =
    "Oldest first, each with its signature checked. ndjson has everything, the signed bundles too; cloudevents, cdevents and ocsf are one JSON object a line; html is a report for auditors. With --cursor only what was not told before is written, and the file is moved on once the output is: every event arrives at least once.";
  static override examples = [
    "<%= config.bin %> audit export --format csv --env prod --from 2026-01-01 --out prod.csv",
    "<%= config.bin %> audit export --format ocsf --cursor siem.cursor | ship-to-siem",
    "<%= config.bin %> audit export --format html --out audit.html",
  ];
  static override flags = {
    format: Flags.option({
      options: [...EXPORT_FORMATS],
      required: true,
      description: "ndjson, cloudevents, cdevents, ocsf, csv or html",
    })(),
    output: Flags.option({
      char: "o",
      options: FORMATS,
      default: "table",
      description: "How errors are printed; here --format says how events are written",
      helpGroup: "GLOBAL",
    })(),
    env: Flags.string({ description: "Only this environment" }),
    from: Flags.string({ description: "Only events since a time, or for a duration (30d)" }),
    to: Flags.string({ description: "Only events up to a time, or up to a duration ago" }),
    cursor: Flags.string({
      description: "File that says how far events were told; made when it is not there",
    }),
    out: Flags.string({ description: "Write to this file instead of standard output" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditExport);
    const now = new Date();
    const cursor = await readCursor(flags.cursor);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = {
      format: flags.format,
      environment: flags.env,
      from: parseTime(flags.from, now),
      to: parseTime(flags.to, now),
      cursor: cursor.value,
    };
    const exported = await composed.floe.exportLedgers(request, { signal: this.signal });
    if (flags.out === undefined) await print("table", null, () => exported.text);
    else await writeWhole(flags.out, exported.text);
    await cursor.move(exported.cursor);
    const where = flags.out === undefined ? "" : ` to ${flags.out}`;
    this.logger(flags).info(
      `${exported.count} event${exported.count === 1 ? "" : "s"} written${where}`,
    );
  }
}
