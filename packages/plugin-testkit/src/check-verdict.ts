import assert from "node:assert/strict";

const VERDICT_KEYS = [
  ...["status", "summary", "reasons", "metrics", "details", "explainsExitStatus", "scans"],
];
const REASON_KEYS = ["code", "level", "message", "subject", "measured", "limit", "where", "fix"];
const STATUSES: readonly unknown[] = ["passed", "warning", "failed", "skipped"];
const LEVELS: readonly unknown[] = ["fail", "warn", "info"];

/**
 * Checks that a value is a verdict: the fields of the contract and no others, and nothing that JSON would lose.
 *
 * @throws {AssertionError} naming the field.
 */
export function checkVerdict(verdict: unknown): void {
  const { status, summary, reasons, metrics } = asObject(verdict, "the verdict");
  onlyKeys(verdict, VERDICT_KEYS, "the verdict");
  assert.ok(
    STATUSES.includes(status),
    `status is ${JSON.stringify(status)}; a gate says passed, warning, failed or skipped, and throws when it cannot tell`,
  );
  assert.ok(
    typeof summary === "string" && summary.trim() !== "" && !summary.includes("\n"),
    "summary must be one sentence on one line",
  );
  assert.ok(reasons === undefined || Array.isArray(reasons), "reasons must be a list");
  for (const [index, reason] of (reasons ?? []).entries()) checkReason(reason, `reasons[${index}]`);
  for (const [name, value] of Object.entries(
    metrics === undefined ? {} : asObject(metrics, "metrics"),
  )) {
    assert.ok(
      typeof value === "number" && Number.isFinite(value),
      `metrics.${name} must be a finite number, it is ${String(value)}`,
    );
  }
  checkJson(verdict, "the verdict");
}

function checkReason(reason: unknown, where: string): void {
  const { code, level, message, measured, limit, ...texts } = asObject(reason, where);
  onlyKeys(reason, REASON_KEYS, where);
  assert.ok(
    typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code),
    `${where}.code must be upper snake case, it is ${JSON.stringify(code)}`,
  );
  assert.ok(LEVELS.includes(level), `${where}.level must be fail, warn or info`);
  assert.ok(
    typeof message === "string" && message.trim() !== "",
    `${where}.message must say something`,
  );
  for (const [name, value] of Object.entries({ measured, limit })) {
    assert.ok(
      value === undefined || typeof value === "string" || typeof value === "number",
      `${where}.${name} must be a text or a number`,
    );
  }
  for (const [name, value] of Object.entries(texts)) {
    assert.ok(value === undefined || typeof value === "string", `${where}.${name} must be a text`);
  }
}

/** Refuses what comes out of JSON otherwise than it went in: dates, NaN, functions, maps, cycles. */
function checkJson(value: unknown, where: string, around: readonly unknown[] = []): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    assert.ok(Number.isFinite(value), `${where} is ${value}, which JSON cannot hold`);
    return;
  }
  assert.ok(typeof value === "object", `${where} is ${typeof value}, which JSON cannot hold`);
  assert.ok(!around.includes(value), `${where} contains itself`);
  const inside = [...around, value];
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkJson(item, `${where}[${index}]`, inside);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  assert.ok(
    prototype === Object.prototype || prototype === null,
    `${where} is not a plain object, JSON would lose what it is`,
  );
  for (const [key, item] of Object.entries(value)) {
    // An absent optional field may be written as undefined.
    if (item !== undefined) checkJson(item, `${where}.${key}`, inside);
  }
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  assert.ok(
    typeof value === "object" && value !== null && !Array.isArray(value),
    `${where} must be an object`,
  );
  return value as Readonly<Record<string, unknown>>;
}

function onlyKeys(value: unknown, allowed: readonly string[], where: string): void {
  const unknown = Object.keys(asObject(value, where)).filter((key) => !allowed.includes(key));
  assert.deepEqual(unknown, [], `${where} has fields that are not in the contract`);
}
