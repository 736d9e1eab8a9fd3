import { Args, Flags } from "@oclif/core";
import {
  FloeCommand,
  gateLogsFlag,
  keyFlag,
  operatorFlag,
  overrideFlag,
} from "../../floe-command.ts";
import {
  parseAnnotations,
  parseKinds,
  parseRerun,
  parseWait,
  wholeFlag,
} from "../../parse-flags.ts";
import { openPlanFile, readPlan } from "../../plan-file.ts";
import { operationJson } from "../../render/operation-json.ts";
import { operationText } from "../../render/operation-text.ts";
import { promotionReport } from "../../render/promotion-report.ts";
import { openReportFile, REPORT_FORMATS } from "../../report-file.ts";

export default class Promote extends FloeCommand {
  static override summary = "Promote a version to the next environment";
  static override description =
    "Verifies the artifact, runs the target environment's gates, writes a signed record beside the artifact and moves two tags. The digest never changes.";
  static override aliases = ["promote"];
  static override examples = [
    "<%= config.bin %> promote v1.2.3 --to staging",
    "<%= config.bin %> promote v1.2.3 --to prod --dry-run",
    "<%= config.bin %> promote v1.2.3 --to prod --override freeze --reason 'fixes incident 4711'",
    "<%= config.bin %> promote v1.2.3 --to prod --dry-run --plan-out prod.plan && <%= config.bin %> promote v1.2.3 --to prod --plan prod.plan",
    "<%= config.bin %> promote v1.2.3 --to prod --dry-run --report gates.html",
    "<%= config.bin %> promote v1.2.3@sha256:… --to prod --wait 2m --annotation ticket=OPS-12 -o json",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3, or v1.2.3@sha256:…" }),
  };
  static override flags = {
    ...keyFlag,
    ...operatorFlag,
    ...gateLogsFlag,
    to: Flags.string({ required: true, description: "Environment to promote to" }),
    from: Flags.string({ description: "Environment to promote from; default the one before --to" }),
    "dry-run": Flags.boolean({ description: "Evaluate everything and write nothing" }),
    force: Flags.boolean({
      description: "Also when the environment tag exists with this digest; every check is made",
    }),
    "if-needed": Flags.boolean({
      description: "Succeed without a change when the environment runs this digest already",
    }),
    wait: Flags.string({
      description: "How long to wait for somebody else's promotion, as in 90s or 2m",
    }),
    override: overrideFlag({ dependsOn: ["reason"] }),
    reason: Flags.string({ dependsOn: ["override"], description: "Why, for --override" }),
    "plan-out": Flags.string({
      description: "Save the plan to this file, when nothing blocks it",
    }),
    plan: Flags.string({
      description: "Promote only if everything is as in this saved plan; otherwise refuse with 20",
    }),
    "strict-sync": Flags.boolean({
      description: "End with 19 when a secondary registry could not be brought up to date",
    }),
    rerun: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description:
        "Run gates although there is evidence that would do: --rerun for all, --rerun=GATE for one",
    }),
    report: Flags.string({
      description: "Write what the gates said to this file, whatever comes of it",
    }),
    "report-format": Flags.option({
      options: REPORT_FORMATS,
      dependsOn: ["report"],
      description: "Default by the file's name: .sarif, .html, .xml (JUnit), else JSON",
    })(),
    annotation: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "KEY=VALUE for the record; may be given several times",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Promote, wholeFlag(this.argv, "rerun"));
    const started = performance.now();
    const request = {
      version: args.version,
      to: flags.to,
      from: flags.from,
      dryRun: flags["dry-run"],
      force: flags.force,
      ifNeeded: flags["if-needed"],
      strictSync: flags["strict-sync"],
      waitMs: parseWait(flags.wait),
      plan: flags.plan === undefined ? undefined : await readPlan(flags.plan, this.signal),
      rerun: parseRerun(flags.rerun ?? []),
      claimedOperator: flags.operator,
      override:
        flags.override === undefined
          ? undefined
          : { kinds: parseKinds(flags.override), reason: flags.reason ?? "" },
      annotations: parseAnnotations(flags.annotation ?? []),
    };
    await using planFile = await openPlanFile(flags["plan-out"]);
    await using report = await openReportFile(flags.report, flags["report-format"], "--report");
    await using composed = await this.compose(flags, { writes: true });
    let outcome = await composed.floe.promote(request, { signal: this.signal });
    await planFile.save(outcome);
    const make = () => promotionReport(outcome, request, this.config.version, composed.store.now());
    if (outcome.kind === "done" || outcome.kind === "blocked") {
      // It was promoted, or refused: that decides how the command ends, and is what people have to be told.
      const problem = await report.tryWrite(make);
      if (problem !== null) {
        this.logger(flags).warn(problem);
        if (outcome.kind === "done")
          outcome = { ...outcome, warnings: [...outcome.warnings, problem] };
      }
    } else await report.write(make);
    const measured = { durationMs: performance.now() - started, stats: composed.stats };
    await this.result(operationJson(outcome, measured), () => operationText(outcome));
    if (outcome.kind === "blocked") this.refuse(outcome.blocking);
    if (outcome.kind === "done") this.incomplete(outcome);
  }
}
