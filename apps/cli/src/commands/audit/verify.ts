import { EXIT } from "@floe/core/errors";
import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { readCheckpoint, readTrustedKey } from "../../read-checkpoint.ts";
import { auditJson, auditText } from "../../render/audit.ts";

export default class AuditVerify extends FloeCommand {
  static override summary = "Verify that ledgers are what was written";
  static override description =
    "Works everything out from the stored bytes, and answers four questions apart: integrity (nothing was changed), completeness (nothing is missing, each operation ended once), anchoring (a signed checkpoint agrees) and authenticity (who wrote it signed it, and might). What was not checked is never ok. Ends with 18 when anything failed.";
  static override examples = [
    "<%= config.bin %> audit verify",
    "<%= config.bin %> audit verify --env prod --checkpoint prod.checkpoint",
    "<%= config.bin %> audit verify --env prod --checkpoint kept/prod.checkpoint --trust auditor.pub -o json",
  ];
  static override flags = {
    env: Flags.string({ description: "Only this environment" }),
    checkpoint: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description:
        "A checkpoint that was kept elsewhere; the one in the registry is looked at as well",
    }),
    trust: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description:
        "Public key of who may sign checkpoints; default those who may change the environment by the manifest",
    }),
    "require-anchor": Flags.boolean({
      description: "End with 18 also where no checkpoint was checked",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify);
    const checkpoints = await Promise.all((flags.checkpoint ?? []).map(readCheckpoint));
    const trusted = await Promise.all((flags.trust ?? []).map(readTrustedKey));
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const request = {
      environment: flags.env,
      checkpoints,
      ...(trusted.length > 0 ? { trusted } : {}),
    };
    const audits = await composed.floe.audit(request, { signal: this.signal });
    await this.result(audits.map(auditJson), () => auditText(audits));
    const failed = audits.some(({ chain, verdicts }) =>
      Object.entries(verdicts).some(
        ([question, { verdict }]) =>
          verdict === "failed" ||
          (flags["require-anchor"] &&
            question === "anchoring" &&
            chain !== null &&
            verdict !== "ok"),
      ),
    );
    if (failed) process.exitCode = EXIT.integrity;
  }
}
