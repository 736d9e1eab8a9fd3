import type { GateSubject } from "@floe/core/plugin";
import type { ArtifactFacts } from "@floe/core/ports";
import type { CompiledArtifact } from "@floe/core/spec";
import { type BoundRule, bindRules } from "./bind-rules.ts";
import type { ExpressionInput } from "./cel/judge-expressions.ts";
import { artifactContent, compiledContent } from "./content.ts";
import { judgeRule, type RuleResult } from "./judge-rule.ts";
import type { Policies } from "./policies-schema.ts";
import { readManifest } from "./read-manifest.ts";
import type { RuleInput } from "./rules/rule.ts";

/** What the rules know besides what they judge. */
export interface PolicySurroundings {
  /** The configured environments, in any order. */
  readonly environments: readonly string[];
  /** The configured repository, as its store names it. */
  readonly repository: string;
  /** `artifacts.tags.version_pattern`. Default semver. */
  readonly versionPattern?: RegExp | null;
  readonly now: () => Date;
}

/** What the rules of one environment say. */
export interface Evaluation {
  readonly results: readonly RuleResult[];
  /** Rules of other environments, and those that have nothing to judge yet. */
  readonly elsewhere: readonly {
    readonly bound: BoundRule;
    readonly why: "other_environment" | "needs_artifact";
  }[];
}

/** Judges an artifact by the rules of the environment that it is to enter. */
export async function evaluateArtifact(
  policies: Policies,
  { artifact, source, target }: GateSubject,
  facts: ArtifactFacts | null,
  around: PolicySurroundings,
  signal: AbortSignal,
): Promise<Evaluation> {
  const at = artifact.reference.lastIndexOf("@");
  const own = at === -1 ? artifact.reference : artifact.reference.slice(0, at);
  const manifest = readManifest(artifact.manifest, artifact.mediaType);
  const input: RuleInput = {
    ...{ artifact, source, target, manifest, facts, signal },
    content: artifactContent(artifact, manifest, facts, signal),
    repositories: [...new Set([own, around.repository])],
    environments: around.environments,
    versionPattern: around.versionPattern ?? null,
    now: around.now(),
  };
  const rules = bindRules(policies, target);
  const applicable = rules.filter((bound) => appliesTo(bound, target));
  const judgeExpressions = beginExpressions(applicable);
  const byCode = new Map<BoundRule, RuleResult>();
  for (const bound of applicable)
    if (bound.judge !== null) byCode.set(bound, await judgeRule(bound, input));
  for (const result of await judgeExpressions(input)) byCode.set(result.bound, result);
  return {
    results: applicable.flatMap((bound) => byCode.get(bound) ?? []),
    elsewhere: rules
      .filter((bound) => !appliesTo(bound, target))
      .map((bound) => ({ bound, why: "other_environment" as const })),
  };
}

/** Judges a compiled artifact, before it is published, by those rules that look only into what it is made of. */
export async function evaluateCompiled(
  policies: Policies,
  compiled: { readonly artifact: CompiledArtifact; readonly bytes: Uint8Array },
  target: string,
  around: PolicySurroundings,
  signal: AbortSignal,
): Promise<Evaluation> {
  const index = around.environments.indexOf(target);
  const source = around.environments[index - 1] ?? "none";
  const input = {
    ...{ source, target, signal, environments: around.environments, now: around.now() },
    content: compiledContent(compiled.artifact, compiled.bytes),
  };
  const rules = bindRules(policies, target);
  const applicable = rules.filter((bound) => appliesTo(bound, target));
  const judgeExpressions = beginExpressions(applicable);
  const judged = new Map<BoundRule, RuleResult>();
  for (const bound of applicable)
    if (bound.judge !== null && bound.about === "content")
      // These rules read `content` and nothing of an artifact, which is what `about` promises.
      judged.set(bound, await judgeRule(bound, input as RuleInput));
  for (const result of await judgeExpressions({ ...input, artifact: null }))
    if (result.missing === undefined || !OF_ARTIFACT.includes(result.missing))
      judged.set(result.bound, result);
  return {
    results: applicable.flatMap((bound) => judged.get(bound) ?? []),
    elsewhere: rules.flatMap((bound): Evaluation["elsewhere"] =>
      !appliesTo(bound, target)
        ? [{ bound, why: "other_environment" as const }]
        : judged.has(bound)
          ? []
          : [{ bound, why: "needs_artifact" as const }],
    ),
  };
}

/** Variables that only an artifact in a registry gives a value to. */
const OF_ARTIFACT: readonly string[] = ["artifact", "annotations"];

/** Begins to load what judges by expressions, where there are any, so that it is there when the other rules have spoken. */
function beginExpressions(
  rules: readonly BoundRule[],
): (input: ExpressionInput) => Promise<RuleResult[]> {
  const expressions = rules.filter(({ judge }) => judge === null);
  if (expressions.length === 0) return async () => [];
  const load = async (): Promise<typeof import("./cel/judge-expressions.ts").judgeExpressions> => {
    const { judgeExpressions, prepareExpressions } = await import("./cel/judge-expressions.ts");
    prepareExpressions();
    return judgeExpressions;
  };
  const loading = load();
  // Whoever asks for a verdict is told; when another rule fails first, nobody asks.
  loading.catch(() => {});
  return async (input) => await (await loading)(expressions, input);
}

function appliesTo({ rule }: BoundRule, target: string): boolean {
  return rule?.environments?.includes(target) ?? true;
}
