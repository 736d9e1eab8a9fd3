import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { parseTime } from "../../parse-flags.ts";
import { historyText } from "../../render/history.ts";

export default class History extends FloeCommand {
  static override summary = "List what happened, newest first";
  static override description =
    "Reads the ledgers; every event's signature is checked on the way. What has no effect, because its author may not do it, is marked.";
  static override examples = [
    "<%= config.bin %> platform history",
    "<%= config.bin %> platform history --env prod --since 7d",
    "<%= config.bin %> platform history --version v1.2.3 -o json",
  ];
  static override flags = {
    env: Flags.string({ description: "Only this environment" }),
    version: Flags.string({ description: "Only events about this version, or v1.2.3@sha256:…" }),
    operator: Flags.string({ description: "Only events by this identity, key id or subject" }),
    since: Flags.string({
      description:
        "Only events since a time (2026-11-22, 2026-11-22T10:00:00Z) or for a duration (7d)",
    }),
    limit: Flags.integer({ char: "n", min: 1, description: "At most so many events" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(History);
    const since = parseTime(flags.since, new Date());
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = {
      environment: flags.env,
      version: flags.version,
      operator: flags.operator,
      since,
      limit: flags.limit,
    };
    const events = await composed.floe.history(request, { signal: this.signal });
    await this.result(events, () => historyText(events));
  }
}
