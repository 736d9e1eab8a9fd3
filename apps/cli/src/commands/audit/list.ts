import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { parseTime } from "../../parse-flags.ts";
import { historyText } from "../../render/history.ts";
import { print } from "../../render/print.ts";

export default class AuditList extends FloeCommand {
  static override summary = "List ledger events, newest first";
  static override description =
    "Every event's signature is checked on the way. What has no effect, because its author may not do it, is marked.";
  static override examples = [
    "<%= config.bin %> audit list --env prod --since 30d",
    "<%= config.bin %> audit list --kind refusal --kind outcome --operator alice",
    "<%= config.bin %> audit list --digest sha256:… --ndjson",
  ];
  static override flags = {
    env: Flags.string({ description: "Only this environment" }),
    version: Flags.string({ description: "Only events about this version, or v1.2.3@sha256:…" }),
    digest: Flags.string({ description: "Only events about this digest", exclusive: ["version"] }),
    operator: Flags.string({ description: "Only events by this identity, key id or subject" }),
    kind: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "Only events of this kind, as in intent, outcome, refusal, lock, approval",
    }),
    since: Flags.string({
      description:
        "Only events since a time (2026-11-22, 2026-11-22T10:00:00Z) or for a duration (7d)",
    }),
    until: Flags.string({ description: "Only events up to a time, or up to a duration ago" }),
    limit: Flags.integer({ char: "n", min: 1, description: "At most so many events" }),
    ndjson: Flags.boolean({ description: "One JSON object a line" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditList);
    const now = new Date();
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = {
      environment: flags.env,
      version: flags.version,
      digest: flags.digest,
      operator: flags.operator,
      kinds: flags.kind,
      since: parseTime(flags.since, now),
      until: parseTime(flags.until, now),
      limit: flags.limit,
    };
    const events = await composed.floe.history(request, { signal: this.signal });
    const lines = () => events.map((event) => `${JSON.stringify(event)}\n`).join("");
    if (flags.ndjson) await print("table", null, lines);
    else await this.result(events, () => historyText(events));
  }
}
