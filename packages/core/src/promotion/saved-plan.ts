import * as z from "zod";
import { FloeError } from "../errors/index.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, isDigest } from "../model/digest.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import type { OperationPlan } from "./operation.ts";
import { type PlanBasis, planDigestOf } from "./plan-basis.ts";
import { type Reason, reason } from "./reason.ts";

/** A plan larger than this is none. */
const MAX_PLAN_BYTES = 4 * 1024 * 1024;

const DigestText = z.custom<Digest>(isDigest, "not a digest");

/**
 * A plan as `--plan-out` writes it. It grants nothing: applying it evaluates everything afresh and compares.
 */
const SavedPlan = z.looseObject({
  apiVersion: z.literal("floe.dev/v1"),
  kind: z.literal("Plan"),
  action: z.literal("promote"),
  version: z.string(),
  basis: z.looseObject({
    digest: DigestText,
    path: z.array(z.string()),
    policy_digest: DigestText,
    current: DigestText.nullable(),
    gates: z.array(z.looseObject({ gate: z.string(), status: z.string() })),
    approvals: z.array(z.string()),
  }),
  plan_digest: DigestText,
});
export type SavedPlan = z.infer<typeof SavedPlan>;

/** Writes a promotion's plan to be saved, as canonical JSON with a line end. */
export function writePlan(plan: OperationPlan): Uint8Array {
  const text = canonicalJson({
    apiVersion: "floe.dev/v1",
    kind: "Plan",
    action: "promote",
    version: plan.artifact.version,
    basis: plan.basis,
    plan_digest: plan.planDigest,
  });
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Reads a saved plan.
 * @throws {FloeError} FLOE_PLAN_INVALID - not a plan, or its digest is not that of what it says
 */
export function parsePlan(bytes: Uint8Array, where: string): SavedPlan {
  const refuse = (why: string, cause?: unknown): FloeError =>
    new FloeError({
      code: "FLOE_PLAN_INVALID",
      message: `${where} is not a saved plan: ${why}`,
      hint: "Make one with floe promote … --dry-run --plan-out FILE.",
      ...(cause === undefined ? {} : { cause }),
    });
  if (bytes.byteLength > MAX_PLAN_BYTES)
    throw refuse(`it has ${bytes.byteLength} bytes, more than ${MAX_PLAN_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  const parsed = SavedPlan.safeParse(value, PARSE_ONCE);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(issue ? `${issue.path.join(".")}: ${issue.message}` : "its form is wrong");
  }
  if (planDigestOf(parsed.data.basis) !== parsed.data.plan_digest)
    throw refuse("its plan_digest is not that of its basis: it was changed by hand or cut off");
  return parsed.data;
}

/**
 * Compares a saved plan with one that was made just now; a reason when anything differs. Gates that did not run, because
 * something else blocks, are not compared: what blocks says more.
 */
export function planOutdated(
  saved: SavedPlan,
  fresh: Pick<OperationPlan, "basis" | "notRun" | "artifact">,
): Reason[] {
  const { basis } = fresh;
  const differences = [
    ...(saved.version === fresh.artifact.version
      ? []
      : [`the plan is about ${saved.version}, not ${fresh.artifact.version}`]),
    ...compared("the artifact", saved.basis.digest, basis.digest),
    ...compared("the path", saved.basis.path.join(" → "), basis.path.join(" → ")),
    ...compared("the policy", saved.basis.policy_digest, basis.policy_digest),
    ...compared("what runs there", saved.basis.current, basis.current),
    ...(fresh.notRun.length > 0 ? [] : gatesCompared(saved.basis, basis)),
    ...(canonicalJson(saved.basis.approvals) === canonicalJson(basis.approvals)
      ? []
      : ["the approvals are others"]),
  ];
  if (differences.length === 0) return [];
  return [
    reason(
      "FLOE_PLAN_OUTDATED",
      `the saved plan no longer matches: ${differences.join("; ")}`,
      "Make a new plan (--dry-run --plan-out FILE), look at it, and apply that one.",
    ),
  ];
}

function compared(what: string, saved: string | null, fresh: string | null): string[] {
  return saved === fresh ? [] : [`${what} was ${saved ?? "nothing"}, and is ${fresh ?? "nothing"}`];
}

function gatesCompared(saved: Pick<PlanBasis, "gates">, fresh: PlanBasis): string[] {
  const before = new Map(saved.gates.map(({ gate, status }) => [gate, status]));
  const after = new Map(fresh.gates.map(({ gate, status }) => [gate, status]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((gate) =>
    compared(`gate ${gate}`, before.get(gate) ?? "absent", after.get(gate) ?? "absent"),
  );
}
