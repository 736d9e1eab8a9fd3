import type { OperationOutcome, OperationPlan, SyncStatus } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { formatBytes } from "./bytes.ts";
import { chartLines } from "./gate.ts";
import { gateRows } from "./operation-json.ts";
import { paint, plain } from "./paint.ts";

/** The result of a promotion or rollback for people. Reasons for a refusal go to stderr and are not in here. */
export function operationText(outcome: OperationOutcome): string {
  switch (outcome.kind) {
    case "blocked":
      return outcome.plan ? planText(outcome.plan) : "";
    case "would_succeed":
      return `${planText(outcome.plan)}${paint("green", outcome.plan.rollback ? "Rollback would succeed" : "Promotion would succeed")}\n`;
    case "unchanged":
      return `${outcome.plan.target.name} runs ${outcome.plan.artifact.version} already; nothing to do\n`;
    case "done": {
      const { plan } = outcome;
      const resumed = outcome.resumed ? " (finished an interrupted run)" : "";
      const lines = [
        `  ${paint("dim", "digest")}  ${plan.artifact.manifest.descriptor.digest}`,
        `  ${paint("dim", "tags")}    ${outcome.tags.map((tag) => tag.tag).join(", ")}`,
        `  ${paint("dim", "record")}  ${outcome.record.tag}`,
        `  ${paint("dim", "by")}      ${plain(plan.operator?.name ?? "unknown")}`,
        ...(outcome.syncs ?? []).map(syncText),
      ];
      if (plan.rollback) {
        const move = `${plan.target.name}: ${plan.rollback.from.version} → ${plan.artifact.version}`;
        return [
          `${paint("green", "Rolled back")} ${move}${resumed}`,
          ...lines,
          `  ${paint("dim", "impact")}  ${plan.rollback.impact.risk}`,
          `${plan.rollback.from.version} is held in ${plan.target.name}. What runs in the cluster changes only with floe platform deploy --env ${plan.target.name} and a commit.`,
          "",
        ].join("\n");
      }
      return `${planText(plan)}${paint("green", "Promoted")} ${plan.artifact.version} to ${plan.target.name}${resumed}\n${lines.join("\n")}\n`;
    }
  }
}

/** One line about a secondary registry. */
export function syncText({ registry, status, tags, problem }: SyncStatus): string {
  const mark = problem ? paint("yellow", "!") : paint("green", "✓");
  const what = problem ? `${status}: ${plain(problem.message)}` : tags.join(", ") || "up to date";
  return `  ${mark} ${registry}: ${what}`;
}

/** The plan as a dry run prints it before writing anything, and a run as well. */
function planText(plan: OperationPlan): string {
  const digest = shortDigest(plan.artifact.manifest.descriptor.digest);
  const head = plan.rollback
    ? `${paint("bold", plan.target.name)}: ${plan.rollback.from.version} → ${plan.artifact.version} (${digest}), impact ${plan.rollback.impact.risk}`
    : `${paint("bold", plan.artifact.version)} (${digest}): ${plan.source} → ${plan.target.name}`;
  const gates = gateRows(plan).flatMap((gate) => {
    const mark = MARKS[gate.status];
    const text = "summary" in gate ? plain(gate.summary) : "not run, because something else blocks";
    const optional = "required" in gate && !gate.required ? " (not required)" : "";
    const line = `  ${paint(mark.style, mark.sign)} ${gate.gate}${optional}: ${text.split("\n")[0]}`;
    // What is as it should be needs no picture.
    return "summary" in gate && gate.status !== "passed"
      ? [line, ...chartLines(gate, "      ")]
      : [line];
  });
  const signature =
    plan.signature.status === "skipped"
      ? []
      : [
          `  ${paint("dim", "signature")} ${plan.signature.status}${plan.signature.signerIdentity ? ` (${plain(plan.signature.signerIdentity)})` : ""}`,
        ];
  const { required, granted } = plan.approvals;
  const approvers = granted.map(({ by }) => plain(by)).join(", ");
  const approvals =
    required === 0
      ? []
      : [
          `  ${paint("dim", "approvals")} ${granted.length} of ${required}${approvers === "" ? "" : ` (${approvers})`}`,
        ];
  const { copy } = plan;
  const copied = copy
    ? [
        `  ${paint("dim", "copy")} ${plain(copy.from)} → ${plain(copy.to)}: ${copy.manifests} manifests, ${copy.blobs} blobs, ${formatBytes(copy.bytes)}`,
      ]
    : [];
  // What its gates warn of stands with each of them.
  const said = new Set(plan.gates.map(({ gate, summary }) => `gate ${gate}: ${summary}`));
  const warnings = plan.warnings
    .filter((warning) => !said.has(warning.replace(/ \(not required\)$/, "")))
    .map((warning) => `  ${paint("yellow", "!")} ${plain(warning).split("\n")[0]}`);
  return `${[head, ...signature, ...approvals, ...gates, ...copied, ...warnings].join("\n")}\n`;
}

const MARKS = {
  passed: { sign: "✓", style: "green" },
  warning: { sign: "!", style: "yellow" },
  failed: { sign: "✗", style: "red" },
  error: { sign: "✗", style: "red" },
  skipped: { sign: "-", style: "yellow" },
  not_run: { sign: "-", style: "dim" },
} as const;
