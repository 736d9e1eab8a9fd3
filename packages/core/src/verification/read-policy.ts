import { z } from "zod";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { policyDocument } from "../manifest/policy-digests.ts";
import type { Digest } from "../model/digest.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import { evidenceOf } from "./check.ts";

/** What a resolved policy says that records are judged by. There is more in it. */
const ResolvedPolicy = z.looseObject({
  gates: z.record(z.string(), z.looseObject({ required: z.boolean() })),
  verification: z.looseObject({
    enforcement: z.enum(["enforce", "warn", "off"]),
    require_promotion_from: z.string().nullable().optional(),
  }),
  approvals: z
    .looseObject({
      required: z.int().min(0),
      from_groups: z.array(z.string()).optional(),
      self_approval: z.boolean(),
      expires_hours: z.number().optional(),
    })
    .nullable(),
  soak: z.looseObject({ from: z.string(), hours: z.number() }).nullable().optional(),
});
export type ResolvedPolicy = z.infer<typeof ResolvedPolicy>;

/** The policy that a record was judged by, or why it cannot be had. */
export type FoundPolicy =
  | {
      readonly kind: "found";
      readonly policy: ResolvedPolicy;
      readonly from: "record" | "manifest";
    }
  | { readonly kind: "missing"; readonly why: string };

/**
 * Finds the policy of a digest: beside the record, or in today's manifest when that is the same one. What it says is
 * believed because its bytes have the digest that the operator signed.
 */
export async function readPolicy(
  record: VerifiedRecord,
  digest: Digest,
  environment: EnvironmentConfig,
  store: ArtifactStore,
  options: CallOptions,
): Promise<FoundPolicy> {
  const today = policyDocument(environment);
  if (today.descriptor.digest === digest) return parsed(today.bytes, "manifest");
  const { policy } = record;
  if (!policy) return { kind: "missing", why: "the record was written without its policy" };
  if (policy.digest !== digest)
    return { kind: "missing", why: `the record names another policy than it carries (${digest})` };
  try {
    return parsed(await store.getBlob(policy, options), "record");
  } catch (cause) {
    const evidence = evidenceOf(cause);
    if (!evidence) throw cause;
    return { kind: "missing", why: evidence.message };
  }
}

function parsed(bytes: Uint8Array, from: "record" | "manifest"): FoundPolicy {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { kind: "missing", why: "it is not JSON" };
  }
  const read = ResolvedPolicy.safeParse(value);
  if (read.success) return { kind: "found", policy: read.data, from };
  return { kind: "missing", why: "it is of a form that this version of floe does not know" };
}
