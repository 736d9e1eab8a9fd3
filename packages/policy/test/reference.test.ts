import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ALWAYS_ON } from "../src/rules/always-on.ts";
import { CONFIGURABLE } from "../src/rules/configurable.ts";

const reference = readFileSync(
  new URL("../../../docs/reference/policies.md", import.meta.url),
  "utf8",
);
const rules = [...ALWAYS_ON, ...CONFIGURABLE.values()];

describe("docs/reference/policies.md", () => {
  test("has a row for every rule, and no other", () => {
    const rows = [...reference.matchAll(/^\| `(FLOE-E[1-9]\d\d)` \| `(\w+)` \| (.+) \|$/gm)];
    expect(rows.map(([, code, name, summary]) => ({ code, name, summary }))).toEqual(
      rules.map(({ code, name, summary }) => ({ code, name, summary })),
    );
  });

  test("codes and names are each used once", () => {
    expect(new Set(rules.map(({ code }) => code)).size).toBe(rules.length);
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  });
});
