import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { NO_SOURCE } from "../model/tag.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { pathText } from "../promotion/environments.ts";
import { type Check, checksOf } from "./check.ts";
import type { StepFindings } from "./verify-step.ts";

/**
 * Compares the way that was gone with the path: it has to begin at the first environment, and to have gone through those
 * that a policy of then required. That today's path has more environments is today's policy.
 */
export function checkPath(
  asked: EnvironmentConfig,
  steps: readonly StepFindings[],
  manifest: Manifest,
  requireCurrentPolicy: boolean,
): Check[] {
  const [newest] = steps;
  if (!newest) return [];
  const checks = checksOf(asked.name);
  const gone = steps.map(({ step }) => step.environment).reverse();
  const names = manifest.environments.map(({ name }) => name);
  const first = steps.at(-1)?.step;
  const shown = [NO_SOURCE, ...gone].join(" → ");
  // Where the walk broke off, the check that says so is there already.
  if (first?.source !== NO_SOURCE) return [];
  if (first.environment !== names[0])
    return [
      checks.failed(
        "path",
        "FLOE_VERIFY_UNTRUSTED",
        `it began in ${first.environment}, and the path begins in ${names[0]}`,
        `The path is ${pathText(manifest)}: promote it from the beginning.`,
      ),
    ];
  const needed = steps.flatMap(({ policy }) => policy?.verification.require_promotion_from ?? []);
  const skipped = needed.filter((name) => !gone.includes(name));
  if (skipped.length > 0)
    return [
      checks.failed(
        "path",
        "FLOE_VERIFY_UNTRUSTED",
        `${shown}: the policy of then required a promotion from ${skipped.join(", ")}`,
        "Promote it through the path again.",
      ),
    ];
  const today = names.slice(0, names.indexOf(asked.name) + 1);
  if (today.join() === gone.join()) return [checks.ok("path", shown)];
  const summary = `${shown}, and today's path is ${pathText(manifest)}`;
  const fix = "Promote it through today's path to have it judged there.";
  return [
    requireCurrentPolicy
      ? checks.failed("path", "FLOE_VERIFY_POLICY_OUTDATED", summary, fix)
      : checks.warning("path", summary, fix),
  ];
}

/** Compares the repository that the records name with the one that they were read from. */
export function checkPlace(
  steps: readonly StepFindings[],
  environment: string,
  context: Pick<FloeContext, "manifest" | "store" | "storeOf">,
  copy: boolean,
): Check[] {
  const checks = checksOf(environment);
  const named = steps.flatMap(({ record, step }) => {
    const { environments } = context.manifest;
    const its = environments.find(({ name }) => name === step.environment);
    const { repository } = its ? at(context, its).store : context.store;
    return record?.subjectName == null ? [] : [{ name: record.subjectName, repository }];
  });
  if (named.length === 0) return [];
  const other = named.find(({ name, repository }) => name !== repository);
  if (!other) return [checks.ok("place", [...new Set(named.map(({ name }) => name))].join(", "))];
  if (copy)
    return [
      checks.warning(
        "place",
        `read from a copy: the records are of ${other.name}. What happened there since is not in it`,
        "Look at the original where you can.",
      ),
    ];
  return [
    checks.failed(
      "place",
      "FLOE_RECORD_INVALID",
      `the records are of ${other.name}, and were found in ${other.repository}`,
      `Somebody copied them here. If that was you, name the copy: --registry URI`,
    ),
  ];
}
