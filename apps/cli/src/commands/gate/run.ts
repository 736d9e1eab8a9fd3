import { EXIT } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { FloeCommand, gateLogsFlag, keyFlag, operatorFlag } from "../../floe-command.ts";
import { gateText } from "../../render/gate.ts";

export default class Run extends FloeCommand {
  static override summary = "Run one gate of an environment against a version";
  static override description =
    "Nothing is written, unless --record signs what the gate found and attaches it to the artifact: for a later promotion, where the manifest says that the signer's word counts (max_age, from_attestation).";
  static override examples = [
    "<%= config.bin %> gate run tests v1.2.3 --env staging",
    "<%= config.bin %> gate run policy_compliance v1.2.3 --env prod -o json",
    "<%= config.bin %> gate run tests v1.2.3 --env prod --record --key ci.key",
  ];
  static override args = {
    gate: Args.string({ required: true, description: "Name of the gate in the manifest" }),
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    ...gateLogsFlag,
    env: Flags.string({ required: true, description: "Environment whose gate it is" }),
    record: Flags.boolean({
      description:
        "Sign what the gate found and attach it to the artifact; the gate runs in any case",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Run);
    await using composed = await this.compose(flags, { writes: flags.record });
    const { result, digest, traceId } = await composed.floe.runGate(
      {
        ...{ gate: args.gate, environment: flags.env, version: args.version },
        ...{ record: flags.record, claimedOperator: flags.operator },
      },
      { signal: this.signal },
    );
    const ok = result.status === "passed" || result.status === "warning";
    const blocks = !ok && result.required;
    if (blocks) process.exitCode = EXIT.gate;
    await this.result(
      { success: !blocks, artifact_digest: digest, ...result, trace_id: traceId },
      () => gateText(result),
    );
  }
}
