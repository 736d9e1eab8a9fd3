import { EXIT } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { gateText } from "../../render/gate.ts";

export default class Run extends FloeCommand {
  static override summary = "Run one gate of an environment against a version; nothing is recorded";
  static override examples = [
    "<%= config.bin %> gate run tests v1.2.3 --env staging",
    "<%= config.bin %> gate run policy_compliance v1.2.3 --env prod -o json",
  ];
  static override args = {
    gate: Args.string({ required: true, description: "Name of the gate in the manifest" }),
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    env: Flags.string({ required: true, description: "Environment whose gate it is" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Run);
    await using composed = await this.compose(flags, { writes: false });
    const { result, digest, traceId } = await composed.floe.runGate(
      { gate: args.gate, environment: flags.env, version: args.version },
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
