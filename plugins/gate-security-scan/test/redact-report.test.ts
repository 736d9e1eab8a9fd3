import { expect, test } from "vitest";
import { redactReport } from "../src/redact-report.ts";

const redact = (text: string): string =>
  Buffer.from(redactReport({ bytes: Buffer.from(text) })).toString();

test.each([
  ["gitleaks 8", '[{"RuleID":"k","Secret":"hunter2","Match":"key=\\"hunter2\\"","File":"a"}]'],
  ["gitleaks 7", '[{"line":"key = hunter2","offender":"hunter2","rule":"k","file":"a"}]'],
  ["cut off in the secret", '[{"RuleID":"k","File":"a","Secret":"hunter2'],
  [
    "SARIF of gitleaks",
    '{"runs":[{"tool":{"driver":{"name":"gitleaks"}},"results":[{"region":{"snippet":{"text":"hunter2"}}}]}]}',
  ],
])("a secret is taken out of a report of %s", (_, text) => {
  expect(text).toContain("hunter2");
  expect(redact(text)).not.toContain("hunter2");
  expect(redact(text)).toContain("REDACTED");
});

test("a secret of 20 MB that never ends is taken out as well", () => {
  expect(redact(`[{"RuleID":"k","Secret":"${"x".repeat(2e7)}`)).toBe(
    '[{"RuleID":"k","Secret":"REDACTED"',
  );
});

test("a secret with millions of escapes is taken out, and what stands behind it stays", () => {
  expect(redact(`[{"Secret":"${'\\"'.repeat(4e6)}","File":"a"}]`)).toBe(
    '[{"Secret":"REDACTED","File":"a"}]',
  );
});

test("a report without secrets stays as it is, byte for byte", () => {
  const bytes = Buffer.from('\ufeff{"SchemaVersion": 2}\n');

  expect(redactReport({ bytes })).toBe(bytes);
});
