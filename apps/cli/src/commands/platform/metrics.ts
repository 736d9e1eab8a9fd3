import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { parseTime } from "../../parse-flags.ts";
import { metricsJson, metricsText } from "../../render/metrics.ts";

export default class Metrics extends FloeCommand {
  static override summary = "Compute the DORA figures of an environment from the ledgers";
  static override description =
    "Deployment frequency, lead time, change failure rate and time to restore, each with how it is computed and on how many promotions it rests. What nothing is known of has no figure, not 0.";
  static override examples = [
    "<%= config.bin %> platform metrics",
    "<%= config.bin %> platform metrics --env prod --since 90d -o json",
  ];
  static override flags = {
    env: Flags.string({ description: "Environment; default the last one of the path" }),
    since: Flags.string({
      description:
        "Only promotions since a time (2026-11-22, 2026-11-22T10:00:00Z) or for a duration (90d)",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Metrics);
    const since = parseTime(flags.since, new Date());
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = { environment: flags.env, since };
    const found = await composed.floe.metrics(request, { signal: this.signal });
    await this.result(metricsJson(found), () => metricsText(found));
  }
}
