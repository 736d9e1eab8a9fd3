import type { VerifiedRecord } from "../promotion/read-record.ts";
import type { Check, Checks } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { ResolvedPolicy } from "./read-policy.ts";

const AGAIN = "Promote it again (--force): every gate is run and recorded anew.";

interface SaidGate {
  readonly gate: string;
  readonly status: string;
}

/** The gate results of a record: name and status, as far as they can be read. */
function gatesOf({ predicate }: VerifiedRecord): readonly SaidGate[] {
  const results = predicate["gate_results"];
  if (!Array.isArray(results)) return [];
  return results.flatMap((result: unknown) => {
    const { gate, status } = (result ?? {}) as { gate?: unknown; status?: unknown };
    return typeof gate === "string" && typeof status === "string" ? [{ gate, status }] : [];
  });
}

/** Which of a policy's required gates a record has not passed: missing, failed, without verdict, skipped. */
export function unmetGates(record: VerifiedRecord, policy: ResolvedPolicy): string[] {
  const said = new Map(gatesOf(record).map(({ gate, status }) => [gate, status]));
  return Object.entries(policy.gates).flatMap(([name, { required }]) => {
    const status = said.get(name);
    // Whether it might be overridden is a check of its own. What is missing was not run.
    const overridden =
      status !== undefined && overridesOf(record).some(({ kind }) => kind === `gate:${name}`);
    const passed = status === "passed" || status === "warning" || overridden;
    return required && !passed ? [`${name} ${status ?? "is missing"}`] : [];
  });
}

/** Checks that every gate that the policy required then is in the record, and passed. */
export function checkGates(record: VerifiedRecord, policy: ResolvedPolicy, checks: Checks): Check {
  const unmet = unmetGates(record, policy);
  if (unmet.length > 0)
    return checks.failed(
      "gates",
      "FLOE_VERIFY_UNTRUSTED",
      `gates that the policy required then did not pass: ${unmet.join(", ")}`,
      AGAIN,
    );
  const all = gatesOf(record);
  const remarks = all.filter(({ status }) => status !== "passed");
  const names = all.filter(({ status }) => status === "passed").map(({ gate }) => gate);
  const passed = `${names.join(", ") || "none"} passed`;
  if (remarks.length === 0) return checks.ok("gates", passed);
  const shown = remarks.map(({ gate, status }) => `${gate} ${status}`).join(", ");
  return checks.warning(
    "gates",
    `${passed}; not required to, overridden, or with a warning: ${shown}`,
    "See the record's gate_results.",
  );
}

/** Checks that the artifact's signature was accepted at the promotion, where the policy of then enforced one. */
export function checkSignatureThen(
  { predicate }: VerifiedRecord,
  { verification }: ResolvedPolicy,
  checks: Checks,
): Check {
  const status = String(predicate["signature_status"]);
  if (predicate["signature_verified"] === true && status === "valid")
    return checks.ok("signature_then", "the artifact's signature was accepted at the promotion");
  if (verification.enforcement !== "enforce")
    return checks.warning(
      "signature_then",
      `no signature was required at the promotion (enforcement: ${verification.enforcement}; ${status})`,
      "Set enforcement: enforce, and promote again.",
    );
  return checks.failed(
    "signature_then",
    "FLOE_VERIFY_UNTRUSTED",
    `the policy required an accepted signature, and the record says ${status}`,
    AGAIN,
  );
}
