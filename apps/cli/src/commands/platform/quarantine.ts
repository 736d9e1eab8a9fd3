import { Args, Flags } from "@oclif/core";
import { FloeCommand, keyFlag, operatorFlag } from "../../floe-command.ts";
import { quarantineJson, quarantineText } from "../../render/quarantine.ts";

export default class Quarantine extends FloeCommand {
  static override summary = "Keep a digest out of environments";
  static override description =
    "What is quarantined enters no environment, is no source of a promotion and is not returned to, under whatever version. What runs already goes on running. One signed event per environment; what fails in one does not keep it from the others, and the same command again does the rest.";
  static override examples = [
    "<%= config.bin %> platform quarantine v1.2.3 --reason 'CVE-2026-4711'",
    "<%= config.bin %> platform quarantine v1.2.3@sha256:… --env staging --env prod --reason 'loses orders'",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    env: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "Only this environment; may be given several times",
    }),
    reason: Flags.string({
      required: true,
      description: "Why, for everybody who is stopped by it",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Quarantine);
    await using composed = await this.compose(flags, { writes: true, withoutGates: true });
    const request = {
      version: args.version,
      environments: flags.env,
      reason: flags.reason,
      claimedOperator: flags.operator,
    };
    const outcome = await composed.floe.quarantine(request, { signal: this.signal });
    await this.result(quarantineJson(outcome), () => quarantineText(outcome));
    if (outcome.blocking.length > 0) this.refuse(outcome.blocking);
  }
}
