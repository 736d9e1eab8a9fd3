import type { BoundRule } from "../bind-rules.ts";
import { type Finding, findingFrom, findingOf, type RuleResult, weigh } from "../judge-rule.ts";
import type { RuleInput } from "../rules/rule.ts";
import type { CelAnswer } from "./cel-task.ts";
import { evaluateExpressions } from "./evaluate-expressions.ts";

export { prepareExpressions } from "./evaluate-expressions.ts";

/** Larger input would only be copied about. */
const MAX_INPUT_CHARACTERS = 32 * 1024 * 1024;

/** What expressions are evaluated with. */
export type ExpressionInput = Pick<
  RuleInput,
  "content" | "environments" | "source" | "target" | "now" | "signal"
> & {
  /** `null`: there is no artifact yet. */
  readonly artifact: RuleInput["artifact"] | null;
};

/** Judges by the rules that are expressions, all in one go. */
export async function judgeExpressions(
  rules: readonly BoundRule[],
  input: ExpressionInput,
): Promise<RuleResult[]> {
  if (rules.length === 0) return [];
  const expressions = rules.map(({ rule }) => rule?.expr ?? "");
  const { variables, missing } = await variablesFor(expressions, input);
  const json = JSON.stringify(variables);
  const answers: Finding[] =
    json.length > MAX_INPUT_CHARACTERS
      ? rules.map(() => ({ violations: [], obstacle: `its input has ${json.length} characters` }))
      : (await evaluateExpressions({ expressions, variables: json, missing }, input)).map(
          (answer: CelAnswer, index) => findingFrom(answer, rules[index] as BoundRule),
        );
  return rules.map((bound, index) => weigh(bound, answers[index] as Finding, input.now));
}

const NO_ARTIFACT = "there is no artifact before it is published";

async function variablesFor(
  expressions: readonly string[],
  { artifact, content, environments, source, target, now, signal }: ExpressionInput,
): Promise<{
  readonly variables: Readonly<Record<string, unknown>>;
  readonly missing: Readonly<Record<string, string>>;
}> {
  const variables: Record<string, unknown> = {
    environment: { name: target, source, order: environments },
    now: now.toISOString(),
  };
  const missing: Record<string, string> = {};
  if (artifact) {
    const { digest, mediaType, artifactType = "", size, version, annotations } = artifact;
    const { reference } = artifact;
    const repository = reference.slice(0, Math.max(0, reference.lastIndexOf("@")));
    variables["annotations"] = annotations;
    variables["artifact"] = {
      ...{ reference, repository, digest, size, version, annotations },
      media_type: mediaType,
      artifact_type: artifactType,
    };
  } else for (const name of ["artifact", "annotations"]) missing[name] = NO_ARTIFACT;
  const wants = (name: string): boolean => expressions.some((text) => text.includes(name));
  // What has to be fetched is fetched for who speaks of it.
  const add = async (name: string, read: () => Promise<unknown>): Promise<void> => {
    if (!wants(name)) return;
    const { obstacle } = await findingOf(async () => {
      variables[name] = await read();
      return [];
    }, signal);
    if (obstacle !== null) missing[name] = obstacle;
  };
  await add("labels", content.labels);
  await add("components", async () => (await content.compiled()).components);
  await add("platform", async () => {
    const { name, version, owner, labels } = (await content.compiled()).metadata;
    return { name, version, owner, labels };
  });
  return { variables, missing };
}
