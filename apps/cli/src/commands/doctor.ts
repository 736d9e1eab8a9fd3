import { findingsOf } from "@floe/core";
import { isFloeError } from "@floe/core/errors";
import { Flags } from "@oclif/core";
import { exitCodeOfFindings } from "../doctor-exit-code.ts";
import { FloeCommand, keyFlag } from "../floe-command.ts";
import { doctorText } from "../render/doctor.ts";

export default class Doctor extends FloeCommand {
  static override summary = "Check everything that promotions rest on";
  static override description =
    "Looks at the manifest, the registries, the ledgers, who signs, the plugins and the clock, and says what to do about what is not well. To find out what a registry does it writes scratch objects under floe-probe.…, and deletes them again where the registry lets it.";
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor --read-only",
    "<%= config.bin %> doctor -o json",
  ];
  static override flags = {
    "read-only": Flags.boolean({
      description: "Write nothing, not even scratch objects; then less is found out",
    }),
    ...keyFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const program = findingsOf("program").ok(
      "version",
      `floe ${this.config.version} on Node.js ${process.versions.node}`,
    );
    const findings = [program];
    const ofManifest = findingsOf("manifest");
    try {
      await using composed = await this.compose(flags, { writes: true });
      const { path, unsupported } = composed.manifest;
      findings.push(
        unsupported.length === 0
          ? ofManifest.ok("manifest", path)
          : ofManifest.warn(
              "manifest",
              `${path} asks for what this version cannot do, and refuses promotions for it: ${unsupported.join(", ")}`,
              "Remove it, or use a version of floe that can.",
            ),
        ...(await composed.floe.doctor({ readOnly: flags["read-only"] }, { signal: this.signal })),
      );
    } catch (cause) {
      if (!isFloeError(cause)) throw cause;
      // Without a manifest there is nothing else to look at.
      findings.push(ofManifest.failed("manifest", cause));
    }
    await this.result(findings, () => doctorText(findings));
    process.exitCode = exitCodeOfFindings(findings);
  }
}
