import { z } from "zod";
import type { GateVerdict, PluginJson } from "../contract/index.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { MAX_SCANS_CHARACTERS, Scans } from "./scans.ts";

/** Characters of JSON that a verdict may have without what scanners list. */
const MAX_VERDICT_CHARACTERS = 256 * 1024;

/** JSON as a plugin or a command says it. */
export const Json: z.ZodType<PluginJson> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(Json),
    z.record(z.string(), Json),
  ]),
);

/** A reason as a plugin or a command says it. */
export const Reason = z.object({
  code: z.string().regex(/^[A-Z][A-Za-z0-9_-]{0,63}$/),
  level: z.enum(["fail", "warn", "info"]),
  message: z.string().max(4000),
  subject: z.string().max(1000).optional(),
  measured: z.union([z.string().max(1000), z.number()]).optional(),
  limit: z.union([z.string().max(1000), z.number()]).optional(),
  where: z.string().max(2000).optional(),
  fix: z.string().max(2000).optional(),
});

const Verdict = z.strictObject({
  status: z.enum(["passed", "warning", "failed", "skipped"]),
  summary: z.string().min(1).max(2000),
  reasons: z.array(Reason).max(1000).optional(),
  metrics: z.record(z.string(), z.number()).optional(),
  details: z.record(z.string(), Json).optional(),
  explainsExitStatus: z.boolean().optional(),
  scans: Scans.optional(),
});

/** What parsing a plugin's answer came to. */
export type ParsedVerdict =
  | { readonly ok: true; readonly verdict: GateVerdict }
  | { readonly ok: false; readonly reason: string };

/** Checks what a gate returned; a plugin is not trusted to return what it promises. */
export function parseVerdict(value: unknown): ParsedVerdict {
  // A copy through JSON takes getters, prototypes and cycles out of the picture before anything else looks at it.
  let plain: unknown;
  try {
    const text = JSON.stringify(value);
    if (text === undefined) return { ok: false, reason: "it returned nothing" };
    if (text.length > MAX_VERDICT_CHARACTERS + MAX_SCANS_CHARACTERS)
      return tooLong("", text.length, MAX_VERDICT_CHARACTERS);
    plain = JSON.parse(text);
    const scans = lengthOfScans(plain);
    if (scans > MAX_SCANS_CHARACTERS) return tooLong(".scans", scans, MAX_SCANS_CHARACTERS);
    if (text.length - scans > MAX_VERDICT_CHARACTERS)
      return tooLong("", text.length - scans, MAX_VERDICT_CHARACTERS);
  } catch (cause) {
    return {
      ok: false,
      reason: `its verdict is not JSON (${cause instanceof Error ? cause.message : String(cause)})`,
    };
  }
  const parsed = Verdict.safeParse(plain, PARSE_ONCE);
  if (parsed.success) {
    const { status, reasons = [] } = parsed.data;
    const good = status === "passed" || status === "warning";
    if (good && reasons.some(({ level }) => level === "fail"))
      return { ok: false, reason: `its verdict is ${status} and gives reasons of level fail` };
    return { ok: true, verdict: parsed.data as GateVerdict };
  }
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    reason: `its verdict is not valid (${issue?.path.join(".") || "top"}: ${issue?.message})`,
  };
}

function lengthOfScans(plain: unknown): number {
  if (typeof plain !== "object" || plain === null || !Object.hasOwn(plain, "scans")) return 0;
  return JSON.stringify((plain as { readonly scans: unknown }).scans).length;
}

function tooLong(member: string, length: number, limit: number): ParsedVerdict {
  return {
    ok: false,
    reason: `its verdict${member} has ${length} characters; ${limit} are the limit`,
  };
}
