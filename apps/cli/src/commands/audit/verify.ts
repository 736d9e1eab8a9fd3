import type { LedgerAudit } from "@floe/core";
import { EXIT } from "@floe/core/errors";
import { Flags } from "@oclif/core";
import { FloeCommand, type GlobalFlags } from "../../floe-command.ts";
import { areWell, isAccepted } from "../../judge-audits.ts";
import { readCheckpoint, readTrustedKey } from "../../read-checkpoint.ts";
import { auditJson, auditText } from "../../render/audit.ts";
import { verifyBundle } from "../../verify-bundle.ts";

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class AuditVerify extends FloeCommand {
  static override summary = "Verify that ledgers are what was written";
  static override description =
    "Works everything out from the stored bytes, and answers four questions apart: integrity (nothing was changed), completeness (nothing is missing, each operation ended once), anchoring (a signed checkpoint agrees) and authenticity (who wrote it signed it, and might). What was not checked is never ok. Ends with 18 when anything failed; of a bundle also when anything was not checked.";
  static override examples = [
    "<%= config.bin %> audit verify",
    "<%= config.bin %> audit verify --env prod --checkpoint prod.checkpoint",
    "<%= config.bin %> audit verify --env prod --checkpoint kept/prod.checkpoint --trust auditor.pub -o json",
    "<%= config.bin %> audit verify --bundle prod.bundle --trust release.pub",
  ];
  static override flags = {
    env: Flags.string({ description: "Only this environment" }),
    checkpoint: Flags.string({
      ...many,
      description:
        "A checkpoint that was kept elsewhere; the one in the registry, or in the bundle, is looked at as well",
    }),
    trust: Flags.string({
      ...many,
      description:
        "Public key of who may sign checkpoints; default those who may change the environment by the manifest. Of a bundle: of who may sign anything, or the id of a key in it",
    }),
    "require-anchor": Flags.boolean({
      description: "End with 18 also where no checkpoint was checked",
      exclusive: ["bundle"],
    }),
    bundle: Flags.string({
      description: "Verify this file of floe audit bundle, without manifest and registry",
    }),
    "allow-unchecked": Flags.option({
      ...many,
      options: ["integrity", "completeness", "anchoring", "authenticity"] as const,
      description: "Accept that this was not checked",
    })(),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify);
    const { bundle } = flags;
    const audits =
      bundle === undefined
        ? await this.live(flags)
        : await verifyBundle({ ...flags, bundle }, this.signal);
    await this.result(audits.map(auditJson), () => auditText(audits));
    const allowed = flags["allow-unchecked"] ?? [];
    const accepted =
      bundle === undefined
        ? areWell(audits, { anchored: flags["require-anchor"], allowed })
        : isAccepted(audits, allowed);
    if (!accepted) process.exitCode = EXIT.integrity;
  }

  private async live(
    flags: GlobalFlags &
      Partial<Readonly<Record<"checkpoint" | "trust", string[] | undefined>>> & {
        readonly env?: string | undefined;
      },
  ): Promise<LedgerAudit[]> {
    const checkpoints = await Promise.all((flags.checkpoint ?? []).map(readCheckpoint));
    const trusted = await Promise.all((flags.trust ?? []).map(readTrustedKey));
    await using composed = await this.compose(flags, {
      writes: false,
      withoutGates: true,
      withAnchors: true,
    });
    const trust = trusted.length > 0 ? { trusted } : {};
    const request = { environment: flags.env, checkpoints, ...trust };
    return await composed.floe.audit(request, { signal: this.signal });
  }
}
